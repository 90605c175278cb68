/**
 * The flags of commands that look at a running gateway through its admin interface.
 * @module
 */
import { AdminClient, adminToken } from "../../ops/admin/client.ts";
import { ADMIN_PORT } from "../../ops/admin/port.ts";
import { UsageError } from "../cli/command.ts";
import { flagTable, type FlagValues } from "../cli/flags.ts";

/** How it is asked. */
export const CLIENT_FLAGS = flagTable({
  "token-file": {
    kind: "string",
    placeholder: "FILE",
    help: "file with the token of the admin interface; DIAM_GW_ADMIN_TOKEN unless given",
  },
  ca: { kind: "string", placeholder: "FILE", help: "authorities to trust over TLS, PEM; the system's unless given" },
});

/** Where it is, and how it is asked. */
export const ADMIN_FLAGS = flagTable({
  admin: {
    kind: "string",
    placeholder: "URL",
    help: "admin interface of the gateway",
    default: `http://127.0.0.1:${ADMIN_PORT}`,
  },
  ...CLIENT_FLAGS,
});

/** What {@link CLIENT_FLAGS} say. */
export type ClientFlags = FlagValues<typeof CLIENT_FLAGS>;

/**
 * A client of `url`. @param timeout ms for each answer
 * @throws UsageError of `command` for a URL that is none; Error when the token cannot be read
 */
export async function adminClient(
  url: string,
  flags: ClientFlags,
  command: string,
  timeout?: number,
): Promise<AdminClient> {
  const { ca, "token-file": tokenFile } = flags;
  const token = await adminToken(tokenFile);
  const options = { url, token, ...(ca === undefined ? {} : { ca }), ...(timeout === undefined ? {} : { timeout }) };
  try {
    return new AdminClient(options);
  } catch (error) {
    throw new UsageError([(error as Error).message], command);
  }
}
