/**
 * The client of the REST interface of the server side, `nbledger/api/...`; `answers.ts` has the shapes of the answers.
 *
 * `extension/nbledger_lab/openapi.json` says the same for everybody else; a test holds the two equal in paths. Every
 * answer is JSON but an object's bytes; every error is problem JSON (RFC 9457) and becomes an `ApiError`.
 */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type {
  IAbout,
  IAliasEvent,
  IApproval,
  IColumns,
  IComparison,
  IDescribed,
  IDiff,
  IFigure,
  IFigureKind,
  IJob,
  ILineage,
  IModel,
  IModelVersion,
  INotebookState,
  IPage,
  IPipelineRow,
  IPipelineRun,
  IProblem,
  IPromotion,
  IRun,
  IRunDetail,
  ISweep,
  ISweepRow
} from './answers';

export type * from './answers';

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
  /** Names that hold a text, in order. */
  experiments = (find: string, offset = 0, limit = 100): Promise<IPage<string>> => this.get('experiments', { find, offset, limit });
  run = (id: string): Promise<IRunDetail> => this.get(`runs/${id}`);
  notebook = (): Promise<INotebookState> => this.get('notebook');
  /** Past runs of one cell, newest first. */
  cellHistory = (cell: string, offset = 0, limit = 50): Promise<IPage<IRun>> =>
    this.get(`cells/${encodeURIComponent(cell)}/runs`, { offset, limit });
  diff = (a: string, b: string): Promise<IDiff> => this.get('diff', { a, b });
  compare = (runs: string[]): Promise<IComparison> => this.get('compare', { run: runs });
  /** `of` is a run id, `file:PATH`, `var:NAME`, `metric:NAME`, `MODEL@alias` or `MODEL/version`. */
  lineage = (of: string, direction: 'why' | 'impact' | 'both' = 'why'): Promise<ILineage> =>
    this.get('lineage', { of, direction });
  figures = (): Promise<{ items: IFigureKind[] }> => this.get('figures');
  figure = (name: string, runs: string[], options: Query = {}): Promise<IFigure> =>
    this.get(`figures/${name}`, { run: runs, ...options });
  models = (offset = 0, limit = 200): Promise<IPage<IModel>> => this.get('models', { offset, limit });
  modelVersions = (model: string, offset = 0, limit = 200): Promise<IPage<IModelVersion>> =>
    this.get(`models/${encodeURIComponent(model)}/versions`, { offset, limit });
  aliasHistory = (model: string, offset = 0, limit = 200): Promise<IPage<IAliasEvent>> =>
    this.get(`models/${encodeURIComponent(model)}/history`, { offset, limit });
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
  approve = (model: string, body: { version: number; why: string; dry_run: boolean; revoke?: boolean }): Promise<IApproval> =>
    this.post(`models/${encodeURIComponent(model)}/approve`, body);
  /** Set tags of a model (`version` null) or of a version; the value null removes one. */
  describe = (model: string, body: { version: number | null; tags: Record<string, string | null> }): Promise<IDescribed> =>
    this.post(`models/${encodeURIComponent(model)}/describe`, body);
  reproduce = (run: string): Promise<IJob> => this.post(`runs/${run}/reproduce`, {});
  job = (id: string): Promise<IJob> => this.get(`jobs/${id}`);
  /** Write the slice of a run as a new notebook beside this one; never over a file that is there. */
  extract = (run: string, to: string): Promise<{ path: string }> => this.post(`runs/${run}/extract`, { to });
  /** Latest first. */
  sweeps = (offset = 0, limit = 50): Promise<IPage<ISweepRow>> => this.get('sweeps', { offset, limit });
  sweep = (run: string): Promise<ISweep> => this.get(`sweeps/${run}`);
  pipelines = (offset = 0, limit = 50): Promise<IPage<IPipelineRow>> => this.get('pipelines', { offset, limit });
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
