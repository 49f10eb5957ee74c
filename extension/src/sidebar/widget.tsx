/** The widget around a table of runs. Loaded when the first table is shown. */
import * as React from 'react';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IOpener } from '../common/open';
import { RunsModel } from './model';
import { restore } from './state';
import { RunsView } from './view';
import type { IRunView, IViewOptions, Views } from './views';
import { openMenu, SAVED, MORE } from './menus';

export interface IUsed {
  commands: CommandRegistry;
  opener: IOpener | null;
  trans: TranslationBundle;
  savedFilters: () => { name: string; filter: string }[];
}

class RunsWidget extends ReactWidget implements IRunView {
  constructor(
    readonly model: RunsModel,
    private readonly options: IViewOptions,
    private readonly used: IUsed
  ) {
    super();
    this.addClass('jp-nbledger-Runs');
  }

  focusFilter(): void {
    this.node.querySelector<HTMLInputElement>('.jp-nbledger-Filter input')?.focus();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.model.dispose();
      super.dispose();
    }
  }

  protected onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    const table = this.node.querySelector<HTMLElement>('.jp-nbledger-Runs-table') ?? this.node.querySelector<HTMLElement>('button');
    (table ?? this.node).focus({ preventScroll: true });
  }

  protected render(): React.ReactElement {
    const { commands, opener, trans, savedFilters } = this.used;
    const { model } = this;
    return (
      <RunsView
        model={model}
        trans={trans}
        scopes={this.options.scopes}
        onOpen={run => opener?.run(model.place.path, run.id)}
        onCompare={ids => opener?.compare(model.place.path, ids)}
        onMore={anchor => openMenu(commands, anchor, MORE)}
        onSaved={anchor => openMenu(commands, anchor, SAVED(savedFilters(), model.state.filter, trans))}
      />
    );
  }
}

/** A table of runs with what it remembers. */
export async function draw(views: Views, options: IViewOptions, used: IUsed): Promise<RunsWidget> {
  const { ledgers, load, save, defaults } = views.services;
  const state = restore(await load(options.name), defaults());
  const place = options.place ?? ledgers.current;
  const model = new RunsModel(ledgers, place, state, changed => save(options.name, changed));
  const widget = new RunsWidget(model, options, used);
  if (!options.place) {
    model.moveTo(ledgers.current);
    const follow = (): void => model.moveTo(ledgers.current);
    ledgers.currentChanged.connect(follow);
    widget.disposed.connect(() => void ledgers.currentChanged.disconnect(follow));
  }
  views.add(widget);
  return widget;
}
