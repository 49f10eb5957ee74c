/** Provides the ledgers of the page (`ILedgerClient`) to all the other parts. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ILedgerClient, LedgerClient } from './ledger';

const client: JupyterFrontEndPlugin<ILedgerClient> = {
  id: 'nbledger:client',
  description: 'The ledgers of this page: a client for each path, live changes, and the current notebook.',
  autoStart: true,
  provides: ILedgerClient,
  optional: [INotebookTracker, IDefaultFileBrowser],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker | null,
    browser: IDefaultFileBrowser | null
  ): ILedgerClient => {
    const ledgers = new LedgerClient(app.serviceManager.contents);
    const look = (): void => {
      const panel = notebooks?.currentWidget;
      ledgers.current = panel
        ? { path: panel.context.path, isNotebook: true }
        : { path: browser?.model.path ?? '', isNotebook: false };
    };
    notebooks?.currentChanged.connect((_, panel) => {
      panel?.context.pathChanged.connect(look);
      look();
    });
    browser?.model.pathChanged.connect(look);
    look();
    return ledgers;
  }
};

export default [client];
