/** nbledger in the application: commands, palette, launcher, status bar, and the tabs of whole ledgers. */
import { ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { DocumentWidget } from '@jupyterlab/docregistry';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import type { Widget } from '@lumino/widgets';
import { ledgerIcon } from '../common/icon';
import { ILedgerClient } from '../common/ledger';
import { IOpener } from '../common/open';
import { CommandIDs } from '../sidebar/ids';
import { SETTINGS, readSettings } from '../sidebar/settings';
import { IRunViews } from '../sidebar/views';
import { addCommands } from './commands';
import { FACTORY, addDocuments } from './documents';

/** Commands that the palette offers: those that make sense without a row. */
const IN_PALETTE = [
  CommandIDs.show,
  CommandIDs.openLedger,
  CommandIDs.filter,
  CommandIDs.untracked,
  CommandIDs.wrap,
  CommandIDs.run,
  CommandIDs.compare,
  CommandIDs.diff,
  CommandIDs.lineage,
  CommandIDs.cell,
  CommandIDs.copy,
  CommandIDs.tag,
  CommandIDs.remove,
  CommandIDs.registry,
  CommandIDs.sweeps,
  CommandIDs.pipelines,
  CommandIDs.saveFilter,
  CommandIDs.settings
];

const shell: JupyterFrontEndPlugin<void> = {
  id: SETTINGS,
  description: 'Commands, menus, launcher and settings of nbledger, and tabs with the runs of a ledger.',
  autoStart: true,
  requires: [ILedgerClient, IRunViews],
  optional: [IOpener, ITranslator, ISettingRegistry, INotebookTracker, ICommandPalette, ILauncher, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    ledgers: ILedgerClient,
    views: IRunViews,
    opener: IOpener | null,
    translator: ITranslator | null,
    settings: ISettingRegistry | null,
    notebooks: INotebookTracker | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('nbledger');
    addCommands({ app, ledgers, opener, views, notebooks, settings, trans });
    addTabs(app, ledgers, views, trans, restorer);
    const category = trans.__('Ledger');
    for (const command of IN_PALETTE) {
      palette?.addItem({ command, category });
    }
    launcher?.add({ command: CommandIDs.openLedger, category: trans.__('Other'), rank: 20 });
  }
};

/** The tabs: the ledger of a folder, and a `ledger.db` that was opened from the file browser. */
function addTabs(
  app: JupyterFrontEnd,
  ledgers: ILedgerClient,
  views: IRunViews,
  trans: TranslationBundle,
  restorer: ILayoutRestorer | null
): void {
  const tabs = new WidgetTracker<MainAreaWidget<Widget>>({ namespace: 'nbledger-ledger' });
  const paths = new Map<string, string>();
  app.commands.addCommand(CommandIDs.openLedger, {
    label: args => (args.isLauncher || args.cwd !== undefined ? trans.__('Ledger') : trans.__('Open Ledger')),
    caption: trans.__('All runs of the ledger that belongs to this folder'),
    icon: ledgerIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          path: { type: 'string', description: trans.__('Notebook, folder or ledger.db, relative to the server’s root') },
          cwd: { type: 'string', description: trans.__('The folder of the launcher') }
        }
      }
    },
    execute: args => {
      const path = folderOf(String(args.path ?? args.cwd ?? ledgers.current.path));
      const id = `nbledger-ledger:${path}`;
      const found = tabs.find(tab => tab.id === id);
      if (found) {
        app.shell.activateById(id);
        return id;
      }
      const content = views.make({
        name: `tab:${path}`,
        scopes: ['experiment', 'ledger'],
        place: { path, isNotebook: false }
      });
      const tab = new MainAreaWidget({ content });
      tab.id = id;
      tab.toolbar.hide();
      tab.title.icon = ledgerIcon;
      tab.title.label = path ? trans.__('Ledger: %1', PathExt.basename(path)) : trans.__('Ledger');
      tab.title.caption = trans.__('All runs of the ledger of %1', path || '/');
      paths.set(id, path);
      tab.disposed.connect(() => paths.delete(id));
      void tabs.add(tab);
      app.shell.add(tab, 'main', { type: 'Ledger' });
      app.shell.activateById(id);
      return id;
    }
  });
  const documents = new WidgetTracker<DocumentWidget<Widget>>({ namespace: 'nbledger-documents' });
  addDocuments(app, views, trans, widget => {
    void documents.add(widget);
    widget.context.pathChanged.connect(() => void documents.save(widget));
  });
  if (restorer) {
    void restorer.restore(tabs, {
      command: CommandIDs.openLedger,
      args: tab => ({ path: paths.get(tab.id) ?? '' }),
      name: tab => tab.id
    });
    void restorer.restore(documents, {
      command: 'docmanager:open',
      args: widget => ({ path: widget.context.path, factory: FACTORY }),
      name: widget => widget.context.path
    });
  }
}

/** A notebook's folder; folders and ledgers stay as they are. */
function folderOf(path: string): string {
  return path.endsWith('.ipynb') ? PathExt.dirname(path) : path;
}

const status: JupyterFrontEndPlugin<void> = {
  id: 'nbledger:status',
  description: 'The item of nbledger in the status bar.',
  autoStart: true,
  requires: [ILedgerClient, IStatusBar],
  optional: [ITranslator, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    ledgers: ILedgerClient,
    bar: IStatusBar,
    translator: ITranslator | null,
    settings: ISettingRegistry | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('nbledger');
    let item: IDisposable | null = null;
    let turn = 0;
    const show = async (isShown: boolean): Promise<void> => {
      const mine = ++turn;
      item?.dispose();
      item = null;
      if (isShown) {
        const { LedgerStatus } = await import('./status');
        if (mine === turn) {
          const widget = new LedgerStatus(ledgers, trans, () => void app.commands.execute(CommandIDs.show));
          const registered = bar.registerStatusItem('nbledger:status', { item: widget, align: 'left', rank: 5 });
          item = registered;
          widget.disposed.connect(() => registered.dispose());
          item = { isDisposed: false, dispose: () => widget.dispose() };
        }
      }
    };
    let before: boolean | null = null;
    const follow = (composite: unknown): void => {
      const { statusBar } = readSettings(composite);
      if (statusBar !== before) {
        before = statusBar;
        void show(statusBar);
      }
    };
    void app.restored
      .then(() => settings?.load(SETTINGS))
      .then(
        found => {
          follow(found?.composite);
          found?.changed.connect(() => follow(found.composite));
        },
        () => follow(undefined)
      );
  }
};

export default [shell, status];
