/** Certificates that a test makes for itself. */

/** File names of one node's certificate. */
export interface Certificate {
  /** Both file names without what they end in. */
  readonly base: string;
  readonly cert: string;
  readonly key: string;
  /** Who signed it, and everybody else here. */
  readonly ca: string;
}

const DAYS = "30";

/** Signs certificates in one directory. */
export class Authority {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Makes an authority in `directory`: `ca.pem` and `ca.key`. */
  static async create(directory: string): Promise<Authority> {
    await openssl(directory, "ca", "interop test authority", []);
    return new Authority(directory);
  }

  /**
   * A certificate for the node `host`.
   * @param names its subjectAltName, `DNS` or `URI` and a value with whatever characters; `host` as
   * DNS name unless given
   */
  async sign(
    host: string,
    names: readonly (readonly ["DNS" | "URI", string])[] = [["DNS", host]],
  ): Promise<Certificate> {
    const directory = this.#directory;
    const lines = names.map(([kind, value], i) => `${kind}.${i}=${value}`);
    // In a section of its own, each name is one line: on the command line a comma would begin the
    // next name.
    const file = `${directory}/${host}.cnf`;
    await Deno.writeTextFile(
      file,
      `[req]\ndistinguished_name=dn\nx509_extensions=v\n[dn]\n[v]\nsubjectAltName=@names\n[names]\n${
        lines.join("\n")
      }\n`,
    );
    await openssl(directory, host, host, [
      ...["-config", file, "-CA", `${directory}/ca.pem`, "-CAkey", `${directory}/ca.key`],
      ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ]);
    const base = `${directory}/${host}`;
    return { base, cert: `${base}.pem`, key: `${base}.key`, ca: `${directory}/ca.pem` };
  }
}

async function openssl(directory: string, name: string, commonName: string, options: string[]): Promise<void> {
  const output = await new Deno.Command("openssl", {
    args: [
      ...[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        DAYS,
        "-subj",
        `/CN=${commonName}`,
      ],
      ...["-keyout", `${directory}/${name}.key`, "-out", `${directory}/${name}.pem`, ...options],
    ],
    stdin: "null",
  }).output();
  if (!output.success) throw new Error(`openssl makes no certificate: ${new TextDecoder().decode(output.stderr)}`);
}
