/** Programs that are not ours, and tests that need them. */

/** A program, or a part of one, that a Debian package brings. */
export interface Requirement {
  readonly name: string;
  readonly aptPackage: string;
  /** Why it cannot be used here; undefined when it can. */
  readonly missing: string | undefined;
}

/** Set to 1 where a missing program is a failure. */
const REQUIRED = "DIAM_GW_REQUIRE_INTEROP";

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** A program on the PATH. */
export function program(name: string, aptPackage: string): Requirement {
  const found = (Deno.env.get("PATH") ?? "").split(":").some((directory) => isFile(`${directory}/${name}`));
  return { name, aptPackage, missing: found ? undefined : `${name} is not on the PATH` };
}

/** A file at a fixed place. */
export function file(path: string, aptPackage: string): Requirement {
  return { name: path, aptPackage, missing: isFile(path) ? undefined : `${path} does not exist` };
}

/**
 * A test that runs when everything it needs is there; else it is left out, saying so, or fails
 * where DIAM_GW_REQUIRE_INTEROP is 1.
 */
export function interopTest(
  name: string,
  needs: readonly Requirement[],
  body: (context: Deno.TestContext) => Promise<void>,
): void {
  const missing = needs.filter((need) => need.missing !== undefined);
  if (missing.length === 0) return Deno.test({ name, fn: body, sanitizeOps: true, sanitizeResources: true });
  const reasons = missing.map((need) => need.missing).join("; ");
  const packages = [...new Set(missing.map((need) => need.aptPackage))].join(" ");
  const message = `${reasons}: apt-get install ${packages}`;
  if (Deno.env.get(REQUIRED) === "1") {
    return Deno.test(name, () => {
      throw new Error(`Cannot run this test, which ${REQUIRED}=1 demands: ${message}`);
    });
  }
  console.log(`left out: ${name} (${message})`);
  Deno.test({ name, ignore: true, fn: body });
}
