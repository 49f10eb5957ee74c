/** The tabs of the main area: opens them (`IOpener`), finds those that are open already, and restores them. */
import { ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { JSONObject } from '@lumino/coreutils';
import { TabPanel } from '@lumino/widgets';
import type { Widget } from '@lumino/widgets';

import { short } from '../common/format';
import { ledgerIcon } from '../common/icon';
import { ILedgerClient } from '../common/ledger';
import { IOpener } from '../common/open';
import type { IContext } from './context';
import type { Kind, View } from './view';

/** Opens a view, and brings it back after a reload; its arguments are those of `View`. */
export const OPEN = 'nbledger:open-view';
const KINDS: Kind[] = ['run', 'compare', 'lineage', 'diff', 'registry', 'sweeps', 'pipelines'];

const opener: JupyterFrontEndPlugin<IOpener> = {
  id: 'nbledger:main',
  description: 'Runs, comparisons, lineage, the registry, sweeps and pipelines as tabs of the main area.',
  autoStart: true,
  provides: IOpener,
  requires: [ILedgerClient, IRenderMimeRegistry],
  optional: [ITranslator, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    ledger: ILedgerClient,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null
  ): IOpener => {
    const trans = (translator ?? nullTranslator).load('nbledger');
    const tracker = new WidgetTracker<MainAreaWidget<View>>({ namespace: 'nbledger-main' });
    const titles: Record<Kind, (args: JSONObject) => string> = {
      run: args => trans.__('Run %1', short(args.id as string)),
      compare: () => trans.__('Compare runs'),
      lineage: args => trans.__('Lineage of %1', name(args.of as string)),
      diff: args => trans.__('Diff %1 … %2', short(args.a as string), short(args.b as string)),
      registry: () => trans.__('Models'),
      sweeps: () => trans.__('Sweeps'),
      pipelines: () => trans.__('Pipelines')
    };

    const open = (kind: Kind, path: string, args: JSONObject): void => {
      void app.commands.execute(OPEN, { ...args, kind, path });
    };
    const provided: IOpener = {
      run: (path, id) => open('run', path, { id }),
      compare: (path, ids) => open('compare', path, { ids }),
      lineage: (path, of) => open('lineage', path, { of }),
      registry: (path, model) => open('registry', path, model ? { model } : {}),
      sweeps: path => open('sweeps', path, {}),
      pipelines: path => open('pipelines', path, {}),
      diff: (path, a, b) => open('diff', path, { a, b })
    };
    const context: IContext = {
      ledger,
      opener: provided,
      rendermime,
      trans,
      openFile: path => void app.commands.execute('docmanager:open', { path })
    };

    app.commands.addCommand(OPEN, {
      label: args => (isView(args) ? titles[args.kind as Kind](args as JSONObject) : trans.__('Open a View of the Ledger')),
      caption: trans.__('Open a run, comparison, lineage, the models, sweeps or pipelines of a ledger'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            kind: { type: 'string', enum: KINDS, description: trans.__('What to open') },
            path: { type: 'string', description: trans.__('Notebook, folder or ledger.db, relative to the server’s root') },
            id: { type: 'string', description: trans.__('The run') },
            ids: { type: 'array', items: { type: 'string' }, description: trans.__('The runs to compare') },
            of: { type: 'string', description: trans.__('Run, file, variable, metric or model whose lineage is shown') },
            model: { type: 'string', description: trans.__('The registered model') },
            a: { type: 'string', description: trans.__('The run before') },
            b: { type: 'string', description: trans.__('The run after') }
          },
          required: ['kind', 'path']
        }
      },
      isVisible: () => false,
      execute: async given => {
        if (!isView(given)) {
          return;
        }
        const { kind, path, tab, ...args } = given as JSONObject & { kind: Kind; path: string };
        const key = typeof tab === 'string' ? tab : keyOf(kind, path, args);
        const found = tracker.find(widget => widget.id === key);
        if (found) {
          if (args.model && args.model !== found.content.args.model) {
            found.content.keep({ model: args.model });
          }
          toFront(app, found);
          return found;
        }
        const { View } = await import('./view');
        const content = new View(kind, path, args, context);
        content.title.label = typeof args.label === 'string' ? args.label : titles[kind](args);
        content.title.caption = content.title.label;
        content.title.icon = ledgerIcon;
        const widget = new MainAreaWidget({ content });
        widget.id = key;
        widget.toolbar.hide();
        content.kept.connect(() => void tracker.save(widget));
        await tracker.add(widget);
        // The notebook application shows one document in its main area; what is beside it goes below, with room.
        const isAlone = app.name === 'Jupyter Notebook';
        content.toggleClass('jp-nbledger-below', isAlone);
        app.shell.add(widget, isAlone ? 'down' : 'main', { type: 'nbledger' });
        toFront(app, widget);
        return widget;
      }
    });

    if (restorer) {
      void restorer.restore(tracker, {
        command: OPEN,
        args: widget => ({ ...widget.content.args, kind: widget.content.kind, path: widget.content.path, tab: widget.id }),
        name: widget => widget.id
      });
    }
    return provided;
  }
};

/** Bring a view to the front; the notebook application does not look for what is below its notebook. */
function toFront(app: JupyterFrontEnd, widget: Widget): void {
  app.shell.activateById(widget.id);
  const tabs = widget.parent?.parent;
  if (tabs instanceof TabPanel) {
    tabs.currentWidget = widget;
  }
}

function isView(args: unknown): boolean {
  const { kind, path } = args as { kind?: unknown; path?: unknown };
  return KINDS.includes(kind as Kind) && typeof path === 'string';
}

/** One tab for one thing: what was opened already comes to the front. */
function keyOf(kind: Kind, path: string, args: JSONObject): string {
  const { id, ids, of, a, b } = args;
  const text = JSON.stringify([path, id ?? null, ids ?? null, of ?? null, a ?? null, b ?? null]);
  return `nbledger-${kind}-${hash(text)}`;
}

/** cyrb53, so that what is opened can be part of an element's id. */
function hash(text: string): string {
  let [one, other] = [0xdeadbeef, 0x41c6ce57];
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place);
    one = Math.imul(one ^ code, 2654435761);
    other = Math.imul(other ^ code, 1597334677);
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(other ^ (other >>> 13), 3266489909);
  other = Math.imul(other ^ (other >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909);
  return (4294967296 * (2097151 & other) + (one >>> 0)).toString(36);
}

/** A run's id short, anything else as it is. */
function name(of: string): string {
  return /^[0-9a-f-]{20,}$/.test(of) ? short(of) : of;
}

export default [opener];
