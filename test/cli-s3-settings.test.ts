/** Keys, region and endpoint on the command line: from variables, and from the files of AWS. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commandBucket, runWith } from "./support/cli-s3.ts";
import { gatewayVariables } from "./support/gateway.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const NONE = Object.fromEntries(
  ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"].map(
    (name) => [name, ""],
  ),
);

/** The variables for files of these texts, and nothing else. */
function settings(config: string | undefined, credentials: string | undefined): Record<string, string> {
  const directory = temporaryDirectory();
  const paths = { AWS_CONFIG_FILE: join(directory, "config"), AWS_SHARED_CREDENTIALS_FILE: join(directory, "credentials") };
  if (config !== undefined) writeFileSync(paths.AWS_CONFIG_FILE, config);
  if (credentials !== undefined) writeFileSync(paths.AWS_SHARED_CREDENTIALS_FILE, credentials);
  return { ...NONE, ...paths };
}

test.skipIf(gatewayVariables === undefined)("finds them in files", async () => {
  const { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = gatewayVariables ?? {};
  const { put, name } = await commandBucket();
  await put("a.npy", [1, 2]);
  const keys = `aws_access_key_id = ${id}\naws_secret_access_key=${secret} # of the tests\n`;
  const head = (variables: Record<string, string>) => runWith(["head", "--csv", `${name}/a.npy`], variables);
  const found = { status: 0, stderr: "", stdout: "1.0\n2.0\n" };
  expect(
    head(settings(`[default]\nregion = us-east-1\nendpoint_url = ${endpoint}\n`, `; keys\n[default]\n${keys}`)),
  ).toMatchObject(found);
  const other = settings(
    `[profile other]\nservices = here\n${keys}[services here]\ns3 =\n  endpoint_url = ${endpoint}/\n`,
    "[default]\naws_access_key_id = x\naws_secret_access_key = y\n",
  );
  expect(head({ ...other, AWS_PROFILE: "other" })).toMatchObject(found);
  // Variables come first.
  const wrong = settings(
    "[default]\nendpoint_url = http://127.0.0.1:9\n",
    "[default]\naws_access_key_id = x\naws_secret_access_key = y\n",
  );
  expect(head({ ...wrong, ...gatewayVariables })).toMatchObject(found);
  const ofService = { AWS_ENDPOINT_URL: "http://127.0.0.1:9", AWS_ENDPOINT_URL_S3: endpoint as string };
  expect(head({ ...gatewayVariables, ...ofService })).toMatchObject(found);
});

interface Lacking {
  readonly what: string;
  readonly config?: string;
  readonly credentials?: string;
  readonly variables?: Record<string, string>;
  readonly says: RegExp;
}

const KEYS = "[default]\naws_access_key_id = a\naws_secret_access_key = b\n";

test.each<Lacking>([
  {
    what: "keys",
    says: /set AWS_ACCESS_KEY_ID and .* profile "default" \(looked for in the environment, .*credentials \(not there\) and .*config \(not there\)\)/,
  },
  { what: "half of the keys", variables: { AWS_ACCESS_KEY_ID: "AKIA" }, says: /AWS_SECRET_ACCESS_KEY is not/ },
  {
    what: "the profile",
    config: "[profile b]\n",
    variables: { AWS_PROFILE: "a" },
    says: /AWS_PROFILE names "a", and there is no such profile in .*credentials .* and .*config/,
  },
  {
    what: "keys that come from elsewhere",
    config: "[default]\nsso_session = work\n",
    says: /has no keys, but sso_session: run eval "\$\(aws configure export-credentials/,
  },
  {
    what: "a valid endpoint",
    credentials: KEYS,
    variables: { AWS_ENDPOINT_URL: "https://me:password@host" },
    says: /must be a URL such as/,
  },
])("says what is missing: $what", ({ config, credentials, variables, says }) => {
  const found = runWith(["head", "s3://b/k.npy"], { ...settings(config, credentials), ...variables });
  expect(found).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(says) });
  expect(found.stderr).toContain("s3://b/k.npy: ");
  expect(found.stderr).not.toMatch(/AKIA|password/);
});
