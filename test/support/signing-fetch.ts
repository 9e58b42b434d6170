/** What signs requests to a store, also in processes that tests start. */
import { AwsClient } from "aws4fetch";

/** A `fetch` that signs with the keys in variables such as those of the environment, as users make it. */
export function signingFetchOf(variables: Readonly<Record<string, string | undefined>>): typeof fetch {
  const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "", AWS_REGION = "" } = variables;
  const client = new AwsClient({
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    region: AWS_REGION,
    service: "s3",
    // What is tried again is our own affair.
    retries: 0,
  });
  return (input, init) => client.fetch(input as string, init);
}
