/** Builds a page, a folder of site/, into the folder `outDir`. */
export function buildPage(page: string, outDir: string): Promise<void>;
