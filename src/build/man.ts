/**
 * The man page, made of the table of commands.
 * @module
 */
import { allCommands, type Command, type CommandTable, EXIT, PROGRAM } from "../commands/cli/command.ts";
import { flagRows } from "../commands/cli/flags.ts";

/** diam-gw(1) as roff. */
export async function manPage(table: CommandTable, version: string): Promise<string> {
  const commands = await allCommands(table);
  return [
    `.TH ${PROGRAM.toUpperCase()} 1 "" ${quoted(`${PROGRAM} ${version}`)} "User Commands"`,
    ".SH NAME",
    roff(`${PROGRAM} - a Diameter gateway between Logic Apps and a pool of DRAs, and a proxy for gRPC`),
    ".SH SYNOPSIS",
    `.B ${roff(PROGRAM)}\n.I COMMAND\n[flags]`,
    ".SH DESCRIPTION",
    roff(`"${PROGRAM} serve" is the gateway. The other commands check its configuration, ask it how it is, simulate`),
    roff("what stands around it, and take messages apart."),
    ".SH COMMANDS",
    ...commands.flatMap(section),
    ".SH FILES",
    entry("/etc/diam-gw/diam-gw.yaml", "the configuration of the service; every key is explained there"),
    entry("/etc/default/diam-gw", "environment of the service: secrets that the configuration names as ${VAR}"),
    ".SH ENVIRONMENT",
    entry("DIAM_GW_CONFIG", "the configuration file where -c names none"),
    entry("DIAM_GW_ADMIN_TOKEN", "the token of the admin interface, for status, top and ping"),
    entry("DIAM_GW_CACHE_DIR", "where a self-extracting executable unpacks itself"),
    ".SH SIGNALS",
    entry("SIGTERM, SIGINT", "end it in order; a second one ends it at once"),
    entry("SIGHUP", "read configuration and certificates again; a file with errors changes nothing"),
    ".SH EXIT STATUS",
    entry(String(EXIT.done), "done"),
    entry(String(EXIT.failed), "it failed, or what was asked for is not so"),
    entry(String(EXIT.usage), "the command line or the configuration is wrong"),
    "",
  ].join("\n");
}

function section({ name, summary, usage, page }: Command): string[] {
  const lines = [
    `.SS ${quoted(`${PROGRAM} ${name}`)}`,
    `${roff(summary)}.`,
    ".PP",
    `.B ${roff(`${PROGRAM} ${usage}`)}`,
  ];
  if (page === undefined) return lines;
  if (page.description !== undefined) lines.push(".PP", asItIs(page.description.trim()));
  lines.push(...flagRows(page.flags).map(([form, does]) => entry(form, does)));
  for (const [line, does] of page.examples) lines.push(entry(`${PROGRAM} ${line}`, does));
  return lines;
}

/** Text that was wrapped by hand, and may have columns. */
function asItIs(text: string): string {
  return [".nf", ...text.split("\n").map(roff), ".fi"].join("\n");
}

function entry(term: string, text: string): string {
  return `.TP\n.B ${roff(term)}\n${roff(text)}`;
}

/** A line of text as roff takes it: nothing in it is an instruction. */
function roff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^(?=[.'])/, "\\&");
}

function quoted(text: string): string {
  return `"${roff(text).replaceAll('"', '""')}"`;
}
