/** The commands about runs and ledgers. In a table they are about its selection, or about the row below the pointer. */
import { Clipboard, InputDialog } from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';
import type { JSONObject } from '@lumino/coreutils';
import { ledgerIcon } from '../common/icon';
import { column } from '../sidebar/columns';
import { CommandIDs } from '../sidebar/ids';
import { SIDEBAR } from '../sidebar/plugin';
import { SETTINGS, readSettings } from '../sidebar/settings';
import type { ISavedFilter } from '../sidebar/settings';
import type { IRunView } from '../sidebar/views';
import { deleteChosen, goToCell, tagRuns, told } from './actions';
import type { ICommandContext, ITarget } from './actions';

const TEXT = { type: 'string' };

export function addCommands(context: ICommandContext): void {
  const { app, ledgers, opener, views, settings, trans } = context;
  const { commands } = app;
  const add = (id: string, options: CommandRegistry.ICommandOptions, properties: JSONObject = {}): void => {
    commands.addCommand(id, { describedBy: { args: { type: 'object', properties } }, ...options });
  };
  const path = { path: { ...TEXT, description: trans.__('Notebook, folder or ledger.db, relative to the server’s root') } };
  const ids = { ids: { type: 'array', items: TEXT, description: trans.__('Ids of runs') } };

  /** The row that was clicked counts alone unless it belongs to the selection. */
  const target = (args: object): ITarget => {
    const given = args as { path?: unknown; ids?: unknown };
    const row = app.contextMenuHitTest(node => node.dataset.run !== undefined);
    const view = (row && views.find(row)) ?? views.current;
    const place = typeof given.path === 'string' ? given.path : (view?.model.place.path ?? ledgers.current.path);
    if (Array.isArray(given.ids)) {
      return { path: place, ids: given.ids.filter((id): id is string => typeof id === 'string') };
    }
    const selected = view?.model.state.selected ?? [];
    const clicked = row?.dataset.run;
    return { path: place, ids: clicked && !selected.includes(clicked) ? [clicked] : selected };
  };
  const has = (least: number, most = Infinity) => (args: object): boolean => {
    const count = target(args).ids.length;
    return count >= least && count <= most;
  };
  const here = (args: object): string => {
    const { path: given } = args as { path?: unknown };
    return typeof given === 'string' ? given : (views.current?.model.place.path ?? ledgers.current.path);
  };

  add(CommandIDs.show, {
    label: trans.__('Show Runs'),
    caption: trans.__('Show the sidebar with the runs of the ledger'),
    icon: ledgerIcon,
    execute: () => app.shell.activateById(SIDEBAR)
  });
  add(CommandIDs.filter, {
    label: trans.__('Filter Runs'),
    caption: trans.__('Go to the filter of the table of runs'),
    execute: () => {
      if (views.current) {
        views.current.focusFilter();
      } else {
        app.shell.activateById(SIDEBAR);
      }
    }
  });
  add(CommandIDs.untracked, {
    label: trans.__('Show Untracked Cells'),
    caption: trans.__('Show also the runs of cells that nobody tracked'),
    isEnabled: () => views.current !== null,
    isToggleable: true,
    isToggled: () => views.current?.model.state.untracked ?? false,
    execute: () => views.current?.model.update({ untracked: !views.current.model.state.untracked })
  });
  add(CommandIDs.wrap, {
    label: trans.__('Wrap Long Names'),
    caption: trans.__('Give the names of runs two lines'),
    isEnabled: () => views.current !== null,
    isToggleable: true,
    isToggled: () => views.current?.model.state.wrap ?? false,
    execute: () => views.current?.model.update({ wrap: !views.current.model.state.wrap })
  });

  add(
    CommandIDs.run,
    {
      label: trans.__('Open Run'),
      caption: trans.__('Show a run’s code, params, metrics, data and environment'),
      isEnabled: has(1, 1),
      execute: args => {
        const found = target(args);
        opener?.run(found.path, found.ids[0]);
      }
    },
    { ...path, ...ids }
  );
  add(
    CommandIDs.compare,
    {
      label: trans.__('Compare Runs'),
      caption: trans.__('Compare the selected runs; the one that was selected first is the baseline'),
      isEnabled: has(2),
      execute: args => {
        const found = target(args);
        opener?.compare(found.path, found.ids);
      }
    },
    { ...path, ...ids }
  );
  add(
    CommandIDs.diff,
    {
      label: trans.__('Diff Two Runs'),
      caption: trans.__('What changed between two runs: code, params, data, environment, metrics'),
      isEnabled: has(2, 2),
      execute: args => {
        const found = target(args);
        opener?.diff(found.path, found.ids[0], found.ids[1]);
      }
    },
    { ...path, ...ids }
  );
  add(
    CommandIDs.lineage,
    {
      label: trans.__('Show Lineage'),
      caption: trans.__('What made this run: cells, data, files, models'),
      isEnabled: has(1, 1),
      execute: args => {
        const found = target(args);
        opener?.lineage(found.path, found.ids[0]);
      }
    },
    { ...path, ...ids }
  );
  add(
    CommandIDs.cell,
    {
      label: trans.__('Go to Cell'),
      caption: trans.__('Open the notebook of a run at the cell that was run'),
      isEnabled: has(1, 1),
      execute: args => {
        const found = target(args);
        return told(trans, goToCell(context, found.path, found.ids[0]));
      }
    },
    { ...path, ...ids }
  );
  add(
    CommandIDs.copy,
    {
      label: trans.__('Copy Run ID'),
      caption: trans.__('Copy the ids of the selected runs'),
      isEnabled: has(1),
      execute: args => Clipboard.copyToSystem(target(args).ids.join('\n'))
    },
    { ...path, ...ids }
  );

  const mayWrite = (): boolean => views.current?.model.watch.about?.may.write ?? false;
  const mayNot = (): boolean => views.current?.model.watch.about?.may.write === false;
  add(
    CommandIDs.tag,
    {
      label: trans.__('Tag Runs…'),
      caption: trans.__('Give the selected runs a tag'),
      isEnabled: args => mayWrite() && has(1)(args),
      isVisible: () => !mayNot(),
      execute: args => told(trans, tagRuns(context, target(args)))
    },
    { ...path, ...ids }
  );
  add(
    CommandIDs.remove,
    {
      label: trans.__('Delete Runs…'),
      caption: trans.__('Hide the selected runs; they can be restored'),
      isEnabled: args => mayWrite() && has(1)(args),
      isVisible: () => !mayNot(),
      execute: args => told(trans, deleteChosen(context, target(args), views.current))
    },
    { ...path, ...ids }
  );

  add(
    CommandIDs.registry,
    {
      label: trans.__('Open Models'),
      caption: trans.__('Registered models, their versions, aliases and history'),
      execute: args => opener?.registry(here(args))
    },
    path
  );
  add(
    CommandIDs.sweeps,
    {
      label: trans.__('Open Sweeps'),
      caption: trans.__('Sweeps and their trials, live'),
      execute: args => opener?.sweeps(here(args))
    },
    path
  );
  add(
    CommandIDs.pipelines,
    {
      label: trans.__('Open Pipelines'),
      caption: trans.__('Pipelines and their steps, live'),
      execute: args => opener?.pipelines(here(args))
    },
    path
  );
  add(CommandIDs.settings, {
    label: trans.__('Ledger Settings'),
    caption: trans.__('Open the settings of nbledger'),
    isEnabled: () => commands.hasCommand('settingeditor:open'),
    execute: () => commands.execute('settingeditor:open', { query: 'Ledger' })
  });

  // -- saved filters --------------------------------------------------------------------------------------------------
  const saved = async (): Promise<ISavedFilter[]> => readSettings((await settings?.load(SETTINGS))?.composite).savedFilters;
  const keep = (filters: ISavedFilter[]): Promise<void> | undefined =>
    settings?.set(SETTINGS, 'savedFilters', filters.map(({ name, filter }) => ({ name, filter })));
  const name = { name: { ...TEXT, description: trans.__('Name of the saved filter') } };
  const filter = { filter: { ...TEXT, description: trans.__('The filter, in MLflow’s language') } };
  add(
    CommandIDs.applyFilter,
    {
      label: args => (typeof args.name === 'string' ? args.name : trans.__('Apply Filter')),
      caption: args => String(args.filter ?? trans.__('Filter the table of runs')),
      isEnabled: () => views.current !== null,
      isToggleable: true,
      isToggled: args => args.filter !== undefined && views.current?.model.state.filter === args.filter,
      isVisible: args => args.filter !== undefined,
      execute: args => views.current?.model.update({ filter: String(args.filter ?? '') })
    },
    { ...name, ...filter }
  );
  add(
    CommandIDs.saveFilter,
    {
      label: trans.__('Save This Filter…'),
      caption: trans.__('Keep the filter of the table under a name'),
      isEnabled: () => Boolean(settings && views.current?.model.state.filter.trim()),
      execute: async args => {
        const text = views.current?.model.state.filter.trim() ?? '';
        const given =
          typeof args.name === 'string'
            ? args.name
            : (await InputDialog.getText({ title: trans.__('Save Filter'), label: trans.__('Name'), text, okLabel: trans.__('Save') })).value;
        if (given && text) {
          const others = (await saved()).filter(item => item.name !== given);
          await keep([...others, { name: given, filter: text }]);
        }
      }
    },
    name
  );
  add(
    CommandIDs.removeFilter,
    {
      label: args => String(args.name ?? trans.__('Remove Saved Filter')),
      caption: trans.__('Remove a saved filter'),
      isVisible: args => args.name !== undefined,
      execute: async args => keep((await saved()).filter(item => item.name !== args.name))
    },
    name
  );

  // -- columns --------------------------------------------------------------------------------------------------------
  const header = (): { view: IRunView; key: string } | null => {
    const node = app.contextMenuHitTest(found => found.dataset.header !== undefined);
    const view = views.find(node);
    return node?.dataset.header && view ? { view, key: node.dataset.header } : null;
  };
  const keys = (view: IRunView): string[] =>
    [...view.node.querySelectorAll<HTMLElement>('[data-header]')].map(node => node.dataset.header as string);
  add(CommandIDs.hideColumn, {
    label: () => {
      const found = header();
      return found ? trans.__('Hide Column “%1”', column(found.key).name) : trans.__('Hide Column');
    },
    caption: trans.__('Take this column out of the table'),
    isVisible: () => header() !== null,
    execute: () => {
      const found = header();
      found?.view.model.update({ columns: keys(found.view).filter(key => key !== found.key) });
    }
  });
  add(
    CommandIDs.moveColumn,
    {
      label: args => (args.by === -1 ? trans.__('Move Column Left') : trans.__('Move Column Right')),
      caption: trans.__('Move this column of the table'),
      isVisible: () => header() !== null,
      execute: args => {
        const found = header();
        if (found) {
          const order = keys(found.view);
          const at = order.indexOf(found.key);
          const to = Math.max(0, Math.min(order.length - 1, at + (args.by === -1 ? -1 : 1)));
          order.splice(to, 0, ...order.splice(at, 1));
          found.view.model.update({ columns: order });
        }
      }
    },
    { by: { type: 'number', enum: [-1, 1], description: trans.__('-1 for the left, 1 for the right') } }
  );

  views.changed.connect(() => {
    for (const id of [CommandIDs.run, CommandIDs.compare, CommandIDs.diff, CommandIDs.lineage, CommandIDs.cell, CommandIDs.copy, CommandIDs.tag, CommandIDs.remove, CommandIDs.untracked, CommandIDs.wrap, CommandIDs.saveFilter]) {
      commands.notifyCommandChanged(id);
    }
  });
}
