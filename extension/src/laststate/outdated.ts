/** Which outputs of a cell are static forms that have fallen behind. Nothing here writes. */
import { JSONExt } from '@lumino/coreutils';
import type { JSONValue, PartialJSONValue } from '@lumino/coreutils';

/** Outputs as a cell has them. */
export interface IOutputs {
  readonly length: number;
  get(at: number): { readonly data: unknown; readonly metadata: unknown };
}

/** Return the places of outputs that hold the static form with a display id, and other data than this. */
export function outdated(outputs: IOutputs, id: string, data: unknown): number[] {
  const found: number[] = [];
  for (let at = 0; at < outputs.length; at++) {
    const output = outputs.get(at);
    const own = (output.metadata as { nbledger?: { display_id?: unknown } } | null)?.nbledger;
    if (own?.display_id === id && !JSONExt.deepEqual(output.data as JSONValue, data as PartialJSONValue as JSONValue)) {
      found.push(at);
    }
  }
  return found;
}

/** Whether a page is the first of those that share a notebook. */
export function isFirst(own: number, all: readonly number[]): boolean {
  return all.every(other => own <= other);
}
