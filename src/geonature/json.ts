/** What is JSON already and goes in as it is. */
const RAW: ReadonlySet<string> = new Set(["mediaURLs"]);

/** Makes an object of texts under these names, in this order; empty ones are left out, or null. */
export const objectMaker = (
  names: readonly string[],
  empty: "left_out" | "null",
): ((texts: readonly (string | null)[]) => string) => {
  const keys = names.map((name) => `${JSON.stringify(name)}:`);
  const isRaw = names.map((name) => RAW.has(name));
  return (texts) => {
    let members = "";
    for (let index = 0; index < keys.length; index++) {
      const text = texts[index] ?? null;
      if (text === null && empty === "left_out") continue;
      const value = isRaw[index] ? text : JSON.stringify(text);
      members += members === "" ? `${keys[index]}${value}` : `,${keys[index]}${value}`;
    }
    return `{${members}}`;
  };
};
