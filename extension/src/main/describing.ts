/** What is said of a model or version: its tags, of which `description` and `stage` have places of their own. */

export const DESCRIPTION = 'description';
export const STAGE = 'stage';
export const STAGES = ['staging', 'production', 'archived'];

/** Tags but the description, the stage first. */
export function others(tags: Readonly<Record<string, string>>): [string, string][] {
  const place = (name: string) => (name === STAGE ? 0 : 1);
  return Object.entries(tags)
    .filter(([name]) => name !== DESCRIPTION)
    .sort(([one], [other]) => place(one) - place(other));
}

/** What is to be set so that `before` becomes `after`: a text that is empty takes its tag away (`null`). */
export function changes(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): Record<string, string | null> {
  const found: Record<string, string | null> = {};
  for (const [name, text] of Object.entries(after)) {
    const value = text.trim();
    const held = before[name] ?? '';
    if (name && value !== held.trim()) {
      found[name] = value || null;
    }
  }
  return found;
}
