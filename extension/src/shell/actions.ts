/** What the commands about runs do beyond opening a view. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { InputDialog, Notification, showErrorMessage } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IRun } from '../api';
import { deleteRuns } from '../common/deleting';
import { asFailure } from '../common/watch';
import type { ILedgerClient } from '../common/ledger';
import type { IOpener } from '../common/open';
import type { IRunView, IRunViews } from '../sidebar/views';

export interface ICommandContext {
  app: JupyterFrontEnd;
  ledgers: ILedgerClient;
  opener: IOpener | null;
  views: IRunViews;
  notebooks: INotebookTracker | null;
  settings: ISettingRegistry | null;
  trans: TranslationBundle;
}

/** What a command is about: given by its arguments, or the selection of a table. */
export interface ITarget {
  path: string;
  ids: string[];
}

/** Show what went wrong in a dialog, with the remedy. */
export async function told<T>(trans: TranslationBundle, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const { message, remedy } = asFailure(error);
    await showErrorMessage(trans.__('That did not work'), [message, remedy].filter(Boolean).join('\n'));
    return undefined;
  }
}

export async function tagRuns({ ledgers, trans }: ICommandContext, { path, ids }: ITarget): Promise<void> {
  const { value } = await InputDialog.getText({
    title: trans._n('Tag %1 Run', 'Tag %1 Runs', ids.length),
    label: trans.__('Tag, as name=value'),
    placeholder: 'reviewed=yes',
    okLabel: trans.__('Tag')
  });
  const [key, ...rest] = (value ?? '').split('=');
  if (key.trim()) {
    for (const id of ids) {
      await ledgers.api(path).tag(id, key.trim(), rest.join('=').trim());
    }
  }
}

export async function deleteChosen({ ledgers, trans }: ICommandContext, { path, ids }: ITarget, view: IRunView | null): Promise<void> {
  const api = ledgers.api(path);
  const { user } = await api.about();
  const isDone = await deleteRuns(api, trans, { ids, who: user, changed: () => view?.model.list.refresh() });
  if (isDone) {
    view?.model.select(view.model.state.selected.filter(id => !ids.includes(id)));
  }
}

export async function goToCell({ app, ledgers, notebooks, trans }: ICommandContext, path: string, id: string): Promise<void> {
  const api = ledgers.api(path);
  const [run, about] = await Promise.all([api.run(id), api.about()]);
  if (!run.notebook) {
    throw new Error(trans.__('This run was not recorded in a notebook.'));
  }
  await app.commands.execute('docmanager:open', { path: notebookPath(run, about.ledger, path) });
  const panel = notebooks?.currentWidget;
  await panel?.revealed;
  const cells = panel?.content.widgets ?? [];
  const at = cells.findIndex(cell => cell.model.id === run.cell_id);
  if (panel && at >= 0) {
    panel.content.activeCellIndex = at;
    await panel.content.scrollToItem(at, 'smart');
  } else if (panel) {
    Notification.info(trans.__('The cell of this run is not in the notebook any more.'), { autoClose: 5000 });
  }
}

/** Where the notebook of a run lies below the server's root. */
export function notebookPath(run: Pick<IRun, 'notebook'>, ledger: string | null, path: string): string {
  const notebook = run.notebook ?? '';
  if (path === notebook || path.endsWith(`/${notebook}`) || notebook.endsWith(`/${path}`)) {
    return path;
  }
  return PathExt.join(ledger?.includes('/') ? PathExt.dirname(ledger) : '', notebook);
}
