/**
 * The REST interface of the server side, `nbledger/api/...`, as types and one client.
 *
 * `extension/nbledger_lab/openapi.json` says the same for everybody else; a test holds the two equal in paths. Every
 * answer is JSON but an object's bytes; every error is problem JSON (RFC 9457) and becomes an `ApiError`.
 */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

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
  experiments: string[];
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

/** An answer that is no answer: the server's problem, or a connection that is lost (`status` 0). */
export class ApiError extends Error {
  constructor(readonly problem: IProblem) {
    super(problem.detail || problem.title);
    this.name = 'ApiError';
  }
  get status(): number {
    return this.problem.status;
  }
  get remedy(): string {
    return this.problem.remedy ?? '';
  }
}

export type Scope = 'notebook' | 'experiment' | 'ledger';

export interface IRunsQuery {
  scope: Scope;
  experiment?: string;
  filter?: string;
  order_by?: string;
  offset?: number;
  limit?: number;
  /** Also cells that nobody tracked. */
  untracked?: boolean;
  kind?: string;
  parent?: string;
}

type Query = Record<string, string | number | boolean | string[] | undefined>;

/**
 * One client for one ledger: the ledger of `path`, a notebook, folder or `.nbledger/ledger.db` relative to the
 * server's root (the empty path is the root itself).
 */
export class Api {
  constructor(
    readonly path: string,
    readonly settings: ServerConnection.ISettings = ServerConnection.makeSettings()
  ) {}

  about = (): Promise<IAbout> => this.get('about');
  runs = (query: IRunsQuery): Promise<IPage<IRun>> => this.get('runs', { ...query });
  columns = (query: Pick<IRunsQuery, 'scope' | 'experiment'>): Promise<IColumns> => this.get('columns', { ...query });
  run = (id: string): Promise<IRunDetail> => this.get(`runs/${id}`);
  notebook = (): Promise<INotebookState> => this.get('notebook');
  /** Past runs of one cell, newest first. */
  cellHistory = (cell: string, limit = 50): Promise<IPage<IRun>> =>
    this.get(`cells/${encodeURIComponent(cell)}/runs`, { limit });
  diff = (a: string, b: string): Promise<IDiff> => this.get('diff', { a, b });
  compare = (runs: string[]): Promise<IComparison> => this.get('compare', { run: runs });
  /** `of` is a run id, `file:PATH`, `var:NAME`, `metric:NAME`, `MODEL@alias` or `MODEL/version`. */
  lineage = (of: string, direction: 'why' | 'impact' | 'both' = 'why'): Promise<ILineage> =>
    this.get('lineage', { of, direction });
  figures = (): Promise<{ items: IFigureKind[] }> => this.get('figures');
  figure = (name: string, runs: string[], options: Query = {}): Promise<IFigure> =>
    this.get(`figures/${name}`, { run: runs, ...options });
  models = (offset = 0): Promise<IPage<IModel>> => this.get('models', { offset });
  modelVersions = (model: string, offset = 0): Promise<IPage<IModelVersion>> =>
    this.get(`models/${encodeURIComponent(model)}/versions`, { offset });
  aliasHistory = (model: string, offset = 0): Promise<IPage<IAliasEvent>> =>
    this.get(`models/${encodeURIComponent(model)}/history`, { offset });
  promote = (
    model: string,
    body: {
      version: number | null;
      run?: string;
      alias: string;
      why: string;
      dry_run: boolean;
      waive?: string[];
      gates?: string[];
      /** What the alias held in the dry run that was confirmed; 409 (`moved`) where it holds another by now. */
      expected?: number | null;
    }
  ): Promise<IPromotion> => this.post(`models/${encodeURIComponent(model)}/promote`, body);
  rollback = (
    model: string,
    body: { alias: string; why: string; dry_run: boolean; to?: number | null; expected?: number | null }
  ): Promise<IPromotion> => this.post(`models/${encodeURIComponent(model)}/rollback`, body);
  approve = (model: string, body: { version: number; why: string }): Promise<{ message: string }> =>
    this.post(`models/${encodeURIComponent(model)}/approve`, body);
  reproduce = (run: string): Promise<IJob> => this.post(`runs/${run}/reproduce`, {});
  job = (id: string): Promise<IJob> => this.get(`jobs/${id}`);
  /** Write the slice of a run as a new notebook beside this one; never over a file that is there. */
  extract = (run: string, to: string): Promise<{ path: string }> => this.post(`runs/${run}/extract`, { to });
  /** Latest first. */
  sweeps = (offset = 0): Promise<IPage<ISweepRow>> => this.get('sweeps', { offset });
  sweep = (run: string): Promise<ISweep> => this.get(`sweeps/${run}`);
  pipelines = (offset = 0): Promise<IPage<IPipelineRow>> => this.get('pipelines', { offset });
  pipeline = (run: string): Promise<IPipelineRun> => this.get(`pipelines/${run}`);
  tag = (run: string, key: string, value: string): Promise<IRunDetail> => this.post(`runs/${run}/tags`, { key, value });
  delete = (run: string): Promise<{ message: string }> => this.post(`runs/${run}/delete`, {});
  restore = (run: string): Promise<{ message: string }> => this.post(`runs/${run}/restore`, {});
  /** Answers as soon as the ledger holds something newer than `since`, or after `wait` seconds; at most 30. */
  changes = (since: string, wait = 25): Promise<{ now: string }> => this.get('changes', { since, wait });

  /** The address of an object's bytes. */
  objectUrl(hash: string): string {
    return this.url(`objects/${hash}`, {});
  }

  get<T>(route: string, query: Query = {}): Promise<T> {
    return this.request<T>(this.url(route, query), { method: 'GET' });
  }

  post<T>(route: string, body: unknown): Promise<T> {
    return this.request<T>(this.url(route, {}), { method: 'POST', body: JSON.stringify(body) });
  }

  private url(route: string, query: Query): string {
    const search = new URLSearchParams();
    search.set('path', this.path);
    for (const [name, value] of Object.entries(query)) {
      if (Array.isArray(value)) {
        value.forEach(item => search.append(name, item));
      } else if (value !== undefined && value !== '') {
        search.set(name, String(value));
      }
    }
    return `${URLExt.join(this.settings.baseUrl, 'nbledger/api', route)}?${search}`;
  }

  private async request<T>(url: string, init: RequestInit): Promise<T> {
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this.settings);
    } catch (error) {
      throw new ApiError({
        type: 'about:blank',
        title: 'No connection',
        status: 0,
        detail: 'The Jupyter server does not answer.',
        remedy: 'This view goes on by itself as soon as the server is back.'
      });
    }
    const body = await response.json().catch(() => null);
    if (!response.ok) {
      const detail = body?.detail ?? body?.message ?? response.statusText;
      throw new ApiError({ type: 'about:blank', title: response.statusText, ...body, status: response.status, detail });
    }
    return body as T;
  }
}
