/**
 * The shapes of the answers of `nbledger/api/...`.
 *
 * `extension/nbledger_lab/openapi.json` says the same for everybody else; a test holds the two equal in members.
 */

/** A number, text, truth value, or `null`; NaN and the infinities come as the texts "NaN", "Infinity", "-Infinity". */
export type Scalar = string | number | boolean | null;

export type Status = 'running' | 'finished' | 'failed' | 'cancelled' | 'interrupted';

/** How it stands with the ledger that belongs to a path; all but `ok` carry a `message` and a `remedy`. */
export type LedgerState = 'ok' | 'none' | 'older' | 'newer' | 'locked' | 'corrupt' | 'unreadable';

export interface IAbout {
  version: string;
  state: LedgerState;
  message: string;
  remedy: string;
  /** Folder of the ledger relative to the server's root, or its bare name when it lies above the root. */
  ledger: string | null;
  id: string | null;
  runs: number;
  /** The first 500, the notebook's own always among them. */
  experiments: string[];
  /** All that there are. */
  experiment_count: number;
  /** What this user may do, by the server's own authorizer. */
  may: { read: boolean; write: boolean; promote: boolean };
  /** Whether the server's account cannot write to the ledger's files, whatever the user's role. */
  read_only: boolean;
  role: string;
  user: string;
}

export interface IRun {
  id: string;
  kind: string;
  name: string;
  status: Status;
  experiment: string | null;
  notebook: string | null;
  cell_id: string | null;
  position: number | null;
  started_at: number;
  /** Seconds; `null` while it runs. */
  duration: number | null;
  parent: string | null;
  tracked: boolean;
  error: string;
  params: Record<string, Scalar>;
  metrics: Record<string, Scalar>;
  tags: Record<string, string>;
}

export interface IPage<T> {
  total: number;
  offset: number;
  items: T[];
}

export interface IColumns {
  params: string[];
  metrics: string[];
  tags: string[];
  attributes: string[];
}

export interface IVersionUse {
  role: 'used' | 'generated';
  name: string;
  hash: string;
  kind: string;
  type_name: string;
  shape: number[] | null;
  nbytes: number | null;
  exactness: 'exact' | 'sampled' | 'opaque';
}

export interface IRunDetail extends IRun {
  code: string;
  error_detail: string;
  /** All params, with where each came from and whether it is a default. */
  all_params: { name: string; value: Scalar; source: string; is_default: boolean }[];
  /** The last value of each metric with its interval where predictions are stored, and what it was computed on. */
  all_metrics: {
    name: string;
    value: Scalar;
    step: number | null;
    points: number;
    low: number | null;
    high: number | null;
    computed_on: string;
  }[];
  data: IVersionUse[];
  artifacts: { name: string; hash: string; nbytes: number }[];
  models: { model: string; version: number; aliases: string[] }[];
  environment: { python: string; platform: string; packages: Record<string, string> } | null;
  git: { commit: string; dirty: boolean } | null;
  notes: string[];
  children: number;
  /** Who hid the run and when; `null` while it is listed. */
  deleted: { who: string; at: number } | null;
  /** What lists above hold no more of, in words. */
  truncated: string;
}

/** What the notebook shows beside one cell. */
export interface ICellState {
  cell_id: string;
  run: IRun;
  /** The main metric, with its change against the cell's previous run where both were judged on the same data. */
  metric: { name: string; value: Scalar; change: number | null; lower_is_better: boolean; comparable: boolean } | null;
  runs: number;
  /** Whether the run belongs to `session`: its results are in the kernel's memory. */
  current: boolean;
  /** The source as recorded (credentials are `[redacted]`), so that the front end can tell an edit that is not saved. */
  code: string;
  /** The cells whose results this run used, directly: the names that it took from there, and the files. */
  needs: { cell_id: string; names: string[]; files: string[] }[];
  /** By data and files only; the front end compares the code itself and carries it on along `needs`. */
  stale: { reasons: string[] } | null;
  out_of_order: { reason: string } | null;
  leaks: { kind: string; message: string; remedy: string }[];
}

export interface INotebookState {
  notebook: string;
  /** The notebook's latest session while its process lives, else `null` (the kernel was restarted or shut down). */
  session: string | null;
  /** The latest run of each cell that has an id, of whichever session. */
  cells: ICellState[];
  /** Ids of stale cells in the order in which they must run. */
  to_run: string[];
}

export interface IDiff {
  a: string;
  b: string;
  text: string;
  code: { name: string; before: string; after: string; unified: string }[];
  params: { name: string; before: Scalar; after: Scalar }[];
  metrics: { name: string; before: Scalar; after: Scalar; comparable: boolean; why_not: string }[];
  data: { name: string; summary: string; columns: { name: string; change: string }[] }[];
  environment: { name: string; before: string; after: string }[];
  conclusion: string;
}

export interface IComparison {
  runs: IRun[];
  rows: {
    kind: 'param' | 'metric' | 'data' | 'attribute';
    name: string;
    values: Scalar[];
    differs: boolean;
    /** Per run: whether a metric may be compared with the first run's, and why not. */
    comparable: boolean[];
    note: string;
    best: number | null;
    /** Per run: its paired change against the first run with a 95 % interval, `null` where there is none. */
    gains: ({ change: Scalar; low: Scalar; high: Scalar; sure: boolean } | null)[];
  }[];
  /** How often the evaluation data were used, in words. */
  judgements: string[];
  truncated: string;
}

export interface ILineageNode {
  id: string;
  kind: 'cell' | 'data' | 'file' | 'model' | 'metric' | 'value' | 'url' | 'alias';
  label: string;
  detail: string;
  run: string | null;
  code: string;
  layer: number;
  exactness: string;
}

export interface ILineage {
  of: string;
  title: string;
  /** Id of the node that was asked for. */
  center: string;
  nodes: ILineageNode[];
  edges: { source: string; target: string; label: string }[];
  text: string;
  truncated: string;
}

export interface IModel {
  name: string;
  description: string;
  versions: number;
  aliases: Record<string, number>;
  /** `description` is among them. */
  tags: Record<string, string>;
}

export interface IModelVersion {
  model: string;
  version: number;
  run: string;
  hash: string;
  created_at: number;
  who: string;
  aliases: string[];
  metrics: Record<string, Scalar>;
  tags: Record<string, string>;
  /** Those that hold, one a person. */
  approvals: { who: string; at: number; note: string }[];
}

/** What an approval or its withdrawal would record (`dry_run`), or did. */
export interface IApproval {
  model: string;
  version: number;
  who: string;
  /** Whether the gate `approval` takes this person's word; it does not take an author's. */
  counts: boolean;
  done: boolean;
  message: string;
  changes: string[];
}

/** The tags of a model, or of its version, after some were set. */
export interface IDescribed {
  model: string;
  version: number | null;
  tags: Record<string, string>;
  done: boolean;
  message: string;
}

export interface IAliasEvent {
  model: string;
  alias: string;
  version: number | null;
  previous: number | null;
  at: number;
  who: string;
  why: string;
  kind: string;
}

export interface IGateResult {
  name: string;
  outcome: 'passed' | 'failed' | 'waived' | 'error';
  message: string;
}

/** What a promotion or rollback would do (`dry_run`), or did. */
export interface IPromotion {
  model: string;
  alias: string;
  version: number | null;
  from: number | null;
  gates: IGateResult[];
  allowed: boolean;
  done: boolean;
  message: string;
  /** Line by line what changes, in words; empty when it is refused. */
  changes: string[];
}

export interface IJob {
  id: string;
  kind: 'reproduce';
  run: string;
  status: 'running' | 'done' | 'failed';
  message: string;
  verdict: 'identical' | 'equivalent' | 'different' | 'failed' | null;
  differences: string[];
}

/** A trial of a sweep: `value` is that of the sweep's metric, `reason` why it failed or was stopped. */
export interface ITrial {
  number: number;
  run: string;
  status: 'planned' | 'deleted' | Status;
  params: Record<string, Scalar>;
  value: Scalar;
  metrics: Record<string, Scalar>;
  duration: number | null;
  reason: string;
  attempts: number;
  worker: string;
}

export interface ISweepRow {
  id: string;
  name: string;
  notebook: string;
  strategy: string;
  metric: string | null;
  minimize: boolean;
  status: Status;
  started_at: number;
  duration: number | null;
  /** How many trials are planned, and how many have each status. */
  total: number;
  counts: Record<string, number>;
  best: ITrial | null;
}

export interface ISweep extends ISweepRow {
  /** By number. */
  trials: ITrial[];
  truncated: string;
}

/** A step of a pipeline; `before` names those that it waits for. */
export interface IStep {
  name: string;
  notebook: string;
  before: string[];
  status: 'waiting' | 'not run' | 'skipped' | 'cached' | Status;
  run: string | null;
  detail: string;
  duration: number | null;
  attempts: number;
}

export interface IPipelineRow {
  id: string;
  name: string;
  status: 'refused' | Status;
  started_at: number;
  duration: number | null;
  error: string;
  /** How many steps have each status. */
  counts: Record<string, number>;
}

export interface IPipelineRun extends IPipelineRow {
  steps: IStep[];
  truncated: string;
}

/** Plotly JSON with what it says in words. */
export interface IFigure {
  figure: { data: unknown[]; layout: Record<string, unknown>; config?: Record<string, unknown> };
  description: string;
}

export interface IFigureKind {
  name: string;
  title: string;
  /** Options that the figure takes, each a JSON schema. */
  options: Record<string, Record<string, unknown>>;
}

export interface IProblem {
  type: string;
  title: string;
  status: number;
  detail: string;
  remedy?: string;
  /** Place of the wrong token in a filter. */
  position?: number;
}
