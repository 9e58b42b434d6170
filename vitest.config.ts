import { configDefaults, defineConfig, type ViteUserConfigFn } from "vitest/config";

// `npm test` runs everything but *.long.test.ts; `npm run test:all` (`--mode all`) runs everything, with full numbers of cases.
const config: ViteUserConfigFn = defineConfig(({ mode }) => {
  const isFull = mode === "all";
  return {
    test: {
      include: ["test/**/*.test.ts"],
      exclude: [...configDefaults.exclude, ...(isFull ? [] : ["test/**/*.long.test.ts"])],
      provide: { isFull },
      reporters: ["minimal"],
      // By default vitest leaves one core free, which is half of two.
      maxWorkers: "100%",
      testTimeout: 60_000,
      hookTimeout: 60_000,
      typecheck: { enabled: isFull, include: ["test/**/*.test-d.ts"] },
    },
  };
});

export default config;
