/** Stands in statements for the conditions on the target that are known only when they run. */
export const WHERE = "{{where}}";

/** An SQL text inside plpgsql, as it is. */
export const dollar = (text: string): string => {
  let tag = "$sql$";
  for (let n = 1; text.includes(tag); n++) tag = `$sql${n}$`;
  return `${tag}${text}${tag}`;
};
