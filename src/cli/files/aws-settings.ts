/** Keys, region and endpoint of S3, from the variables and files in which all tools look for them. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { FileProblem, shown } from "../program/failure.ts";

/** How a store is reached. */
export interface AwsSettings {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  readonly region: string;
  /** A URL without a slash at its end. */
  readonly endpoint: string;
}

/** The settings of a section, by their names. Nested ones have the names `outer.inner`. */
type Section = ReadonlyMap<string, string>;

/** A file of settings. */
interface SettingsFile {
  readonly path: string;
  /** `undefined` if there is no such file. */
  readonly sections: ReadonlyMap<string, Section> | undefined;
}

type Keys = Pick<AwsSettings, "accessKeyId" | "secretAccessKey" | "sessionToken">;

/** How a profile says that its keys come from elsewhere. */
const ELSEWHERE = ["role_arn", "sso_session", "sso_start_url", "credential_process", "web_identity_token_file", "login_session"];

/**
 * Variables come first, then the profile of `AWS_PROFILE`. Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files" and
 * "Service-specific endpoints".
 *
 * @throws FileProblem about `name`, the object that is looked for. It never quotes what the files hold.
 */
export async function awsSettings(name: string): Promise<AwsSettings> {
  const credentials = await settingsFile("AWS_SHARED_CREDENTIALS_FILE", "credentials");
  const config = await settingsFile("AWS_CONFIG_FILE", "config");
  const files = [credentials, config];
  const profile = variable("AWS_PROFILE") ?? "default";
  const inCredentials = credentials.sections?.get(profile);
  const inConfig = config.sections?.get(profile === "default" ? profile : `profile ${profile}`);
  if (variable("AWS_PROFILE") !== undefined && inCredentials === undefined && inConfig === undefined) {
    throw new FileProblem(
      name,
      `AWS_PROFILE names ${JSON.stringify(profile)}, and there is no such profile in ${namesOf(files)}`,
    );
  }
  const region = variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION") ?? inConfig?.get("region") ?? "us-east-1";
  const services = config.sections?.get(`services ${inConfig?.get("services")}`);
  const endpoint =
    variable("AWS_ENDPOINT_URL_S3") ??
    variable("AWS_ENDPOINT_URL") ??
    services?.get("s3.endpoint_url") ??
    inConfig?.get("endpoint_url") ??
    `https://s3.${region}.amazonaws.com`;
  const keys = keysOfVariables(name) ?? keysOf(inCredentials) ?? keysOf(inConfig);
  if (keys !== undefined) return { ...keys, region, endpoint: checkedEndpoint(name, endpoint) };
  const elsewhere = ELSEWHERE.find((setting) => inConfig?.has(setting) || inCredentials?.has(setting));
  if (elsewhere !== undefined) {
    const command = `eval "$(aws configure export-credentials --format env --profile ${profile})"`;
    throw new FileProblem(name, `the profile ${JSON.stringify(profile)} has no keys, but ${elsewhere}: run ${command} first`);
  }
  throw new FileProblem(
    name,
    `there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write aws_access_key_id and aws_secret_access_key into the profile ` +
      `${JSON.stringify(profile)} (looked for in the environment, ${namesOf(files)})`,
  );
}

/** An empty variable counts as none, as for other tools. */
function variable(name: string): string | undefined {
  return process.env[name] || undefined;
}

function keysOfVariables(name: string): Keys | undefined {
  const accessKeyId = variable("AWS_ACCESS_KEY_ID");
  const secretAccessKey = variable("AWS_SECRET_ACCESS_KEY");
  if (accessKeyId === undefined) return undefined;
  if (secretAccessKey !== undefined) return { accessKeyId, secretAccessKey, sessionToken: variable("AWS_SESSION_TOKEN") };
  throw new FileProblem(name, "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not: set both, or neither");
}

function keysOf(section: Section | undefined): Keys | undefined {
  const accessKeyId = section?.get("aws_access_key_id");
  const secretAccessKey = section?.get("aws_secret_access_key");
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: section?.get("aws_session_token") };
}

/** It is not quoted: it may hold a password. */
function checkedEndpoint(name: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" && url.search === "") {
    return url.href.replace(/[#].*|\/+$/s, "");
  }
  throw new FileProblem(name, "the endpoint of AWS_ENDPOINT_URL or endpoint_url must be a URL such as https://s3.example.org");
}

function namesOf(files: readonly SettingsFile[]): string {
  return files.map(({ path, sections }) => `${shown(path)}${sections === undefined ? " (not there)" : ""}`).join(" and ");
}

async function settingsFile(fromVariable: string, name: string): Promise<SettingsFile> {
  const path = variable(fromVariable)?.replace(/^~(?=[\\/])/, homedir()) ?? join(homedir(), ".aws", name);
  try {
    return { path, sections: sectionsOf(await readFile(path, "utf8")) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return { path, sections: undefined };
    throw new FileProblem(path, `it cannot be read (${code}): check its owner and mode`, { cause: error });
  }
}

/** Reads `[section]` and `name = value`. An indented line belongs to the setting above it. */
function sectionsOf(text: string): Map<string, Section> {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let outer = "";
  for (const line of text.split(/\r?\n/)) {
    const [, title] = /^\s*\[\s*(.*?)\s*\]/.exec(line) ?? [];
    if (title !== undefined) {
      const key = title.replace(/\s+/g, " ").replace(/"/g, "");
      section = sections.get(key) ?? new Map();
      sections.set(key, section);
      continue;
    }
    const [, indent, name, value = ""] = /^(\s*)([^\s#;=][^=]*?)\s*=\s*(.*?)\s*(?:\s[#;].*)?$/.exec(line) ?? [];
    if (name === undefined) continue;
    if (indent === "") outer = name.toLowerCase();
    if (value !== "") section?.set(indent === "" ? outer : `${outer}.${name.toLowerCase()}`, value);
  }
  return sections;
}
