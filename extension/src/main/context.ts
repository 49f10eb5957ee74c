/** What every view of the main area is given. */
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSONObject } from '@lumino/coreutils';

import type { Api, IAbout } from '../api';
import type { ILedgerClient } from '../common/ledger';
import type { IOpener } from '../common/open';

export interface IContext {
  ledger: ILedgerClient;
  opener: IOpener;
  rendermime: IRenderMimeRegistry;
  trans: TranslationBundle;
  /** Open a file below the server's root as a double click would. */
  openFile(path: string): void;
}

export interface IViewProps {
  context: IContext;
  trans: TranslationBundle;
  api: Api;
  path: string;
  about: IAbout;
  /** What the tab was opened for, and what of its state a reload of the page brings back. */
  args: JSONObject;
  keep(change: JSONObject): void;
  /** Name the tab. */
  entitle(label: string, caption?: string): void;
  /** Grows when the ledger changes; stands still while the tab is not in front. */
  version: number;
  isVisible: boolean;
}
