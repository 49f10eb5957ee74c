/** The ledgers of this page: a client for each path, its live changes, and which notebook is the current one. */
import { Token } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { Contents } from '@jupyterlab/services';
import { Api } from '../api';
import { Watches } from './watch';
import type { IPage, IWatch } from './watch';

export type { Change, IFailure, IWatch } from './watch';

/** What is looked at: the current notebook, or the folder of the file browser where there is none. */
export interface ICurrent {
  /** Relative to the server's root; the empty text is the root itself. */
  path: string;
  isNotebook: boolean;
}

export interface ILedgerClient {
  /** The client of the ledger that belongs to a notebook, folder or `ledger.db`; the same one for the same path. */
  api(path: string): Api;
  /** Look at a ledger until the answer is disposed of: its state, and a signal for each change. */
  watch(path: string): IWatch;
  readonly current: ICurrent;
  readonly currentChanged: ISignal<ILedgerClient, ICurrent>;
}

export const ILedgerClient = new Token<ILedgerClient>('nbledger:ILedgerClient', 'The ledgers of this page, live');

/** The browser's own page. */
const browserPage: IPage = {
  hidden: () => document.visibilityState === 'hidden',
  onReturn: callback => {
    const shown = (): void => {
      if (document.visibilityState !== 'hidden') {
        callback();
      }
    };
    document.addEventListener('visibilitychange', shown);
    window.addEventListener('online', callback);
    return () => {
      document.removeEventListener('visibilitychange', shown);
      window.removeEventListener('online', callback);
    };
  }
};

export class LedgerClient implements ILedgerClient {
  constructor(private readonly contents: Contents.IManager) {}

  api(path: string): Api {
    const local = this.contents.localPath(path);
    let api = this.apis.get(local);
    if (!api) {
      api = new Api(local, this.contents.serverSettings);
      this.apis.set(local, api);
    }
    return api;
  }

  watch(path: string): IWatch {
    return this.watches.watch(this.contents.localPath(path));
  }

  get current(): ICurrent {
    return this._current;
  }

  set current(value: ICurrent) {
    const current = { ...value, path: this.contents.localPath(value.path) };
    if (current.path !== this._current.path || current.isNotebook !== this._current.isNotebook) {
      this._current = current;
      this._currentChanged.emit(current);
    }
  }

  get currentChanged(): ISignal<ILedgerClient, ICurrent> {
    return this._currentChanged;
  }

  private readonly apis = new Map<string, Api>();
  private readonly watches = new Watches(path => this.api(path), browserPage);
  private _current: ICurrent = { path: '', isNotebook: false };
  private readonly _currentChanged = new Signal<this, ICurrent>(this);
}
