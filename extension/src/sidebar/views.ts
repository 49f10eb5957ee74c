/**
 * The tables of runs in the application: in the sidebar, as tabs, and for a `ledger.db`.
 *
 * Commands ask here which table they are about. What draws a table is loaded when the first one is shown.
 */
import type { IStateDB } from '@jupyterlab/statedb';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { Token } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';
import type { Scope } from '../api';
import type { ILedgerClient } from '../common/ledger';
import type { IPlace, RunsModel } from './model';
import type { IState } from './state';

export interface IRunView {
  readonly model: RunsModel;
  readonly node: HTMLElement;
  focusFilter(): void;
}

export interface IViewOptions {
  /** Under which name its state is remembered. */
  name: string;
  scopes: Scope[];
  /** The place to look at; without one the table follows the current notebook. */
  place?: IPlace;
}

export interface IRunViews {
  /** A widget that shows a table as soon as it is looked at. */
  make(options: IViewOptions): Widget;
  /** The table that an element belongs to. */
  find(node: Element | null | undefined): IRunView | null;
  /** The table that was used last. */
  readonly current: IRunView | null;
  /** The current table is another one, or another selection or place. */
  readonly changed: ISignal<IRunViews, void>;
}

export const IRunViews = new Token<IRunViews>('nbledger:IRunViews', 'The tables of runs, and which one is in use');

/** What a table is made with. */
export interface IServices {
  ledgers: ILedgerClient;
  /** How a table that nobody changed starts. */
  defaults: () => Partial<IState>;
  load: (name: string) => Promise<unknown>;
  save: (name: string, state: IState) => void;
  draw: (view: Views, options: IViewOptions) => Promise<Widget & IRunView>;
}

/** Milliseconds after the last change before a state is written down. */
const PAUSE = 400;

export class Views implements IRunViews {
  constructor(readonly services: IServices) {}

  make(options: IViewOptions): Widget {
    return new Lazy(() => this.services.draw(this, options));
  }

  find(node: Element | null | undefined): IRunView | null {
    return [...this.views].find(view => node && view.node.contains(node)) ?? null;
  }

  get current(): IRunView | null {
    return this._current;
  }

  get changed(): ISignal<IRunViews, void> {
    return this._changed;
  }

  add(view: Widget & IRunView): void {
    this.views.add(view);
    const use = (): void => {
      if (this._current !== view) {
        this._current = view;
        this._changed.emit();
      }
    };
    view.node.addEventListener('pointerdown', use, true);
    view.node.addEventListener('focusin', use);
    view.model.changed.connect(() => view === this._current && this._changed.emit());
    view.disposed.connect(() => {
      this.views.delete(view);
      if (this._current === view) {
        this._current = [...this.views][0] ?? null;
        this._changed.emit();
      }
    });
    if (!this._current) {
      use();
    }
  }

  private readonly views = new Set<IRunView>();
  private _current: IRunView | null = null;
  private readonly _changed = new Signal<this, void>(this);
}

/** Reads and writes states by the application's own state database, where there is one. */
export function remember(states: IStateDB | null): Pick<IServices, 'load' | 'save'> {
  const timers = new Map<string, number>();
  return {
    load: name => (states ? states.fetch(`nbledger:${name}`).catch(() => undefined) : Promise.resolve(undefined)),
    save: (name, state) => {
      window.clearTimeout(timers.get(name));
      timers.set(
        name,
        window.setTimeout(() => void states?.save(`nbledger:${name}`, { ...state } as unknown as ReadonlyPartialJSONValue), PAUSE)
      );
    }
  };
}

/** A place for a widget that is made when it is first shown. */
class Lazy extends Widget {
  constructor(private readonly make: () => Promise<Widget>) {
    super();
    this.addClass('jp-nbledger-Lazy');
    this.layout = new PanelLayout();
  }

  protected onBeforeShow(): void {
    this.fill();
  }

  protected onAfterAttach(): void {
    if (this.isVisible) {
      this.fill();
    }
  }

  protected onActivateRequest(): void {
    const [child] = (this.layout as PanelLayout).widgets;
    if (child) {
      child.activate();
    } else {
      this.isWaitedFor = true;
    }
  }

  private fill(): void {
    if (this.isFilled) {
      return;
    }
    this.isFilled = true;
    void this.make().then(
      child => {
        if (this.isDisposed) {
          child.dispose();
          return;
        }
        (this.layout as PanelLayout).addWidget(child);
        if (this.isWaitedFor) {
          child.activate();
        }
      },
      error => {
        this.isFilled = false;
        console.error(error);
      }
    );
  }

  private isFilled = false;
  private isWaitedFor = false;
}
