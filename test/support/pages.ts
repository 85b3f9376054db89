/** What a page of the documentation has the reader do: files to save, commands to type, text besides. */
export type Step =
  | { readonly kind: "file"; readonly path: string; readonly text: string }
  | { readonly kind: "command"; readonly command: string; readonly shown: readonly string[] }
  | { readonly kind: "other"; readonly language: string; readonly text: string };

/** A fenced block of a page. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** The line above it. */
  readonly above: string;
}

/** The fenced blocks of a page, in their order; `above` is the last line of text before. */
export const blocksOf = (page: string): readonly Block[] => {
  const blocks: Block[] = [];
  let above = "";
  let open: { language: string; lines: string[] } | undefined;
  for (const line of page.split("\n")) {
    const [, language] = /^\s*```(\w*)$/.exec(line) ?? [];
    if (language === undefined) {
      if (open) open.lines.push(`${line}\n`);
      else if (line.trim() !== "") above = line.trim();
    } else if (open) {
      blocks.push({ language: open.language, text: open.lines.join(""), above });
      [open, above] = [undefined, ""];
    } else open = { language, lines: [] };
  }
  return blocks;
};

/**
 * The blocks as steps: a `console` block has commands behind `$ `, each with the lines that it prints; a block
 * below a line that ends with a file's name and a colon is that file.
 */
export const stepsOf = (page: string): readonly Step[] =>
  blocksOf(page).flatMap(({ language, text, above }): Step[] => {
    if (language === "console") {
      const parts = text.split(/^\$ /m).slice(1);
      return parts.map((part) => {
        const [command = "", ...shown] = part.trimEnd().split("\n");
        return { kind: "command", command, shown };
      });
    }
    const path = /`([\w./-]+)`[\w ]*:$/.exec(above)?.[1];
    return path === undefined
      ? [{ kind: "other", language, text }]
      : [{ kind: "file", path, text }];
  });
