/**
 * `deno task proto [DIRECTORY]`: the code that is kept of config/proto, made anew.
 * @module
 */

/** The compiler and its plugin; the plugin's version is that of the library in deno.json. */
const BUF = "npm:@bufbuild/buf@1.75.0";
const PLUGIN = "npm:@bufbuild/protoc-gen-es@2.17.0";
/** Where the kept code is. */
const KEPT = "src/chat/proto/gen";

/**
 * Writes the code of every schema below config/proto into `directory`.
 * @param flags of `deno run`, such as `--cached-only`
 * @returns whether the compiler could be run and made no complaint
 */
export async function generate(directory: string, flags: readonly string[] = []): Promise<boolean> {
  const deno = [Deno.execPath(), "run", "--quiet", "--no-lock", ...flags];
  const template = JSON.stringify({
    version: "v2",
    inputs: [{ directory: "config/proto" }],
    plugins: [{
      local: [...deno, "--allow-env", "--allow-read", PLUGIN],
      out: directory,
      opt: ["target=ts", "import_extension=ts"],
    }],
  });
  const args = [...deno.slice(1), "--allow-all", BUF, "generate", "--template", template];
  const { success } = await new Deno.Command(Deno.execPath(), { args, stdout: "inherit", stderr: "inherit" }).output();
  return success;
}

if (import.meta.main) Deno.exit(await generate(Deno.args[0] ?? KEPT) ? 0 : 1);
