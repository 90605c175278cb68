/** What the system says went wrong, as a clause: `connection refused`, without a number. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const clause = text.replace(/ \(os error \d+\)/, "");
  // Names and abbreviations keep their capitals.
  return /^[A-Z][a-z]/.test(clause) ? clause.charAt(0).toLowerCase() + clause.slice(1) : clause;
}
