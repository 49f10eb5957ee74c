/** Opening the views of the main area, for whoever shows a run, a model or a sweep. */
import { Token } from '@lumino/coreutils';

/** `path` is always the notebook, folder or `ledger.db` whose ledger is meant. */
export interface IOpener {
  run(path: string, id: string): void;
  /** The runs in the order given: the first one is the baseline. */
  compare(path: string, ids: string[]): void;
  /** `of` as in `Api.lineage`: a run id, `file:PATH`, `var:NAME`, `metric:NAME`, `MODEL@alias` or `MODEL/version`. */
  lineage(path: string, of: string): void;
  registry(path: string, model?: string): void;
  sweeps(path: string): void;
  pipelines(path: string): void;
  diff(path: string, a: string, b: string): void;
}

export const IOpener = new Token<IOpener>('nbledger:IOpener', 'Opens runs, comparisons, lineage and models of a ledger');
