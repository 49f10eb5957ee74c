/** The sidebar, and what makes tables of runs for the other places. */
import { ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { ledgerIcon } from '../common/icon';
import { ILedgerClient } from '../common/ledger';
import { IOpener } from '../common/open';
import { SETTINGS, readSettings } from './settings';
import type { ISettings } from './settings';
import { IRunViews, Views, remember } from './views';

/** The id of the sidebar's widget. */
export const SIDEBAR = 'nbledger-sidebar';

const sidebar: JupyterFrontEndPlugin<IRunViews> = {
  id: 'nbledger:sidebar',
  description: 'The sidebar: runs of the notebook, of an experiment, of the whole ledger.',
  autoStart: true,
  provides: IRunViews,
  requires: [ILedgerClient],
  optional: [IOpener, ITranslator, ISettingRegistry, IStateDB, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    ledgers: ILedgerClient,
    opener: IOpener | null,
    translator: ITranslator | null,
    registry: ISettingRegistry | null,
    states: IStateDB | null,
    restorer: ILayoutRestorer | null
  ): IRunViews => {
    const trans = (translator ?? nullTranslator).load('nbledger');
    let settings: ISettings = readSettings(undefined);
    const loaded = registry?.load(SETTINGS).then(
      found => {
        settings = readSettings(found.composite);
        found.changed.connect(() => (settings = readSettings(found.composite)));
      },
      error => console.warn(error)
    );
    const views: Views = new Views({
      ledgers,
      ...remember(states),
      defaults: () => ({
        scope: settings.scope,
        untracked: settings.untracked,
        columns: settings.columns.length > 0 ? settings.columns : null
      }),
      draw: async (_, options) => {
        await loaded;
        const { draw } = await import('./widget');
        return draw(views, options, {
          commands: app.commands,
          opener,
          trans,
          savedFilters: () => settings.savedFilters
        });
      }
    });
    const panel = views.make({ name: 'sidebar', scopes: ['notebook', 'experiment', 'ledger'] });
    panel.id = SIDEBAR;
    panel.title.icon = ledgerIcon;
    panel.title.caption = trans.__('Ledger');
    panel.node.setAttribute('role', 'region');
    panel.node.setAttribute('aria-label', trans.__('Ledger'));
    app.shell.add(panel, 'left', { rank: 650, type: 'Ledger' });
    restorer?.add(panel, SIDEBAR);
    return views;
  }
};

export default [sidebar];
