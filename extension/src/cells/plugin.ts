/** The part of nbledger that lives in the notebook itself: rows under the cells, and commands on the active cell. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import type { Cell } from '@jupyterlab/cells';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { ledgerIcon } from '../common/icon';
import { ILedgerClient } from '../common/ledger';
import { IOpener } from '../common/open';
import { runsNothing } from '../common/rights';
import { NotebookCells } from './notebook';
import type { Shown } from './notebook';
import type { CellPopover } from './popover';
import { isTracked, toggleTrack } from './python';

export const CommandIDs = {
  history: 'nbledger:cell-history',
  runNeeded: 'nbledger:run-needed',
  runStale: 'nbledger:run-stale',
  track: 'nbledger:track-cell'
};

const MEMORY = 'nbledger:recorded-notebooks';
const MOST_REMEMBERED = 100;

const NO_ARGS = { args: { type: 'object' as const, properties: {} } };

const cells: JupyterFrontEndPlugin<void> = {
  id: 'nbledger:cells',
  description: 'Shows under each recorded cell its run, and whether its result still holds.',
  autoStart: true,
  requires: [INotebookTracker, ILedgerClient],
  optional: [IOpener, ITranslator, ISettingRegistry, ICommandPalette, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    ledgers: ILedgerClient,
    opener: IOpener | null,
    translator: ITranslator | null,
    settings: ISettingRegistry | null,
    palette: ICommandPalette | null,
    memory: IStateDB | null
  ): void => {
    const { commands } = app;
    const trans = (translator ?? nullTranslator).load('nbledger');
    const notebooks = new Map<NotebookPanel, NotebookCells>();
    let shown: Shown = 'all';
    let popover: CellPopover | null = null;

    const recorded = new Recorded(memory);

    const current = (): NotebookCells | undefined =>
      tracker.currentWidget ? notebooks.get(tracker.currentWidget) : undefined;
    const activeCode = (): Cell | null => {
      const cell = tracker.currentWidget?.content.activeCell ?? null;
      return cell?.model.type === 'code' ? cell : null;
    };
    const hasCode = (): boolean => tracker.currentWidget === app.shell.currentWidget && activeCode() !== null;

    const run = async (panel: NotebookPanel, chosen: Cell[]): Promise<void> => {
      await NotebookActions.runCells(panel.content, chosen, panel.sessionContext);
    };

    const open = async (of: NotebookCells, cell: Cell): Promise<void> => {
      const again = popover?.cell === cell && !popover.isDisposed;
      popover?.dispose();
      popover = null;
      if (again) {
        return;
      }
      const { CellPopover } = await import('./popover');
      if (of.isDisposed || cell.isDisposed) {
        return;
      }
      popover = new CellPopover({
        cells: of,
        cell,
        api: ledgers.api(of.path),
        opener,
        trans,
        run: chosen => {
          popover?.dispose();
          void run(of.panel, chosen);
        }
      });
      popover.open();
    };

    const add = (panel: NotebookPanel): void => {
      if (runsNothing) {
        // JupyterLab would ask for a kernel with each notebook that is opened, and say in a dialog that it got none.
        const { sessionContext } = panel;
        sessionContext.kernelPreference = { ...sessionContext.kernelPreference, shouldStart: false, canStart: false };
      }
      const found = new NotebookCells(panel, ledgers, trans, (of, cell) => void open(of, cell));
      found.shown = shown;
      notebooks.set(panel, found);
      void recorded.has(found.path).then(has => (found.expected = has));
      found.changed.connect(() => {
        if (found.expected === null) {
          recorded.set(found.path, found.standings.size > 0);
        }
      });
      panel.disposed.connect(() => notebooks.delete(panel));
    };
    tracker.widgetAdded.connect((_, panel) => add(panel));
    tracker.forEach(add);
    tracker.currentChanged.connect(() => current()?.ask());

    // The track button follows the active cell and what is typed in it.
    const onTrackMayChange = (): void => commands.notifyCommandChanged(CommandIDs.track);
    let watched: Cell['model'] | null = null;
    tracker.activeCellChanged.connect((_, cell) => {
      watched?.contentChanged.disconnect(onTrackMayChange);
      watched = cell?.model ?? null;
      watched?.contentChanged.connect(onTrackMayChange);
      onTrackMayChange();
    });

    commands.addCommand(CommandIDs.history, {
      label: trans.__('Show the Cell in the Ledger'),
      caption: trans.__('What the ledger knows of this cell: why it is stale, its executions, what changed'),
      icon: ledgerIcon,
      describedBy: NO_ARGS,
      isEnabled: hasCode,
      execute: async () => {
        const [of, cell] = [current(), activeCode()];
        if (of && cell) {
          await open(of, cell);
        }
      }
    });
    commands.addCommand(CommandIDs.runNeeded, {
      label: trans.__('Run What This Cell Needs'),
      caption: trans.__('Run the stale cells that this cell depends on, in order, and then this cell'),
      describedBy: NO_ARGS,
      isEnabled: () => !runsNothing && hasCode(),
      execute: async () => {
        const [of, cell] = [current(), activeCode()];
        const toRun = of && cell ? of.toRun(cell) : [];
        if (of && toRun.length > 0) {
          await run(of.panel, toRun);
        }
        return toRun.length;
      }
    });
    commands.addCommand(CommandIDs.runStale, {
      label: trans.__('Run All Stale Cells'),
      caption: trans.__('Run the cells whose result no longer holds, in order'),
      describedBy: NO_ARGS,
      isEnabled: () => !runsNothing && tracker.currentWidget !== null && tracker.currentWidget === app.shell.currentWidget,
      execute: async () => {
        const of = current();
        const toRun = of?.toRun() ?? [];
        if (of && toRun.length > 0) {
          await run(of.panel, toRun);
        }
        return toRun.length;
      }
    });
    commands.addCommand(CommandIDs.track, {
      label: trans.__('Track This Cell'),
      caption: () => {
        const cell = activeCode();
        return cell && isTracked(cell.model.sharedModel.getSource())
          ? trans.__('Stop tracking this cell: take %%track away')
          : trans.__('Track this cell as an experiment: put %%track on top');
      },
      icon: ledgerIcon,
      describedBy: NO_ARGS,
      isToggleable: true,
      isToggled: () => isTracked(activeCode()?.model.sharedModel.getSource() ?? ''),
      isEnabled: () => !runsNothing && activeCode() !== null && activeCode()?.model.getMetadata('editable') !== false,
      isVisible: () => !runsNothing && activeCode() !== null,
      execute: () => {
        const shared = activeCode()?.model.sharedModel;
        if (shared) {
          const edit = toggleTrack(shared.getSource());
          shared.updateSource(edit.start, edit.end, edit.text);
          onTrackMayChange();
        }
      }
    });

    const category = trans.__('Ledger');
    Object.values(CommandIDs).forEach(command => palette?.addItem({ command, category }));

    if (settings) {
      void settings.load('nbledger:cells').then(loaded => {
        const look = (): void => {
          shown = loaded.get('rows').composite as Shown;
          notebooks.forEach(found => (found.shown = shown));
        };
        loaded.changed.connect(look);
        look();
      });
    }
  }
};

/** The notebooks that had rows when they were last open, newest last. */
class Recorded {
  constructor(private readonly memory: IStateDB | null) {
    this.paths = (memory?.fetch(MEMORY) ?? Promise.resolve(undefined)).then(
      found => (Array.isArray(found) ? found.map(String) : []),
      () => []
    );
  }

  async has(path: string): Promise<boolean> {
    return (await this.paths).includes(path);
  }

  set(path: string, has: boolean): void {
    this.paths = this.paths.then(paths => {
      if (paths.includes(path) === has) {
        return paths;
      }
      const others = paths.filter(one => one !== path);
      const now = has ? [...others, path].slice(-MOST_REMEMBERED) : others;
      void this.memory?.save(MEMORY, now);
      return now;
    });
  }

  private paths: Promise<string[]>;
}

export default [cells] as JupyterFrontEndPlugin<unknown>[];
