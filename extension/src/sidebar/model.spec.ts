import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { IAbout, IColumns, IRun, IRunsQuery } from '../api';
import type { Change, IWatch } from '../common/watch';
import { RunsModel } from './model';
import type { ILedgers } from './model';
import { INITIAL } from './state';
import type { IState } from './state';

const pass = (milliseconds = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);

/** Ledgers that are sound, and keep what they are asked. */
class Ledgers implements ILedgers {
  asked: { path: string; query: IRunsQuery }[] = [];
  watched: string[] = [];
  about = { state: 'ok', id: 'one', may: { read: true }, experiments: ['churn', 'fraud'], experiment_count: 2 } as unknown as IAbout;
  tell: (change: Change) => void = () => undefined;

  api(path: string): ReturnType<ILedgers['api']> {
    const run = { id: 'r', metrics: { f1: 1 }, params: { model: 'forest' }, tags: {} } as unknown as IRun;
    return {
      runs: async query => {
        this.asked.push({ path, query });
        const items = query.filter?.includes('mod') ? [] : [run];
        return { total: items.length, offset: 0, items };
      },
      columns: async (): Promise<IColumns> => ({ metrics: ['accuracy', 'f1'], params: ['a', 'model'], tags: [], attributes: [] }),
      experiments: async find => ({ total: 1, offset: 0, items: [`${find} of ${path}`] })
    };
  }

  watch(path: string): IWatch {
    this.watched.push(path);
    const watch = { path, about: null as IAbout | null, error: null, isDisposed: false };
    const changed = new Signal<IWatch, Change>(watch as unknown as IWatch);
    this.tell = change => {
      watch.about = this.about;
      changed.emit(change);
    };
    return Object.assign(watch, { changed, refresh: async () => undefined, dispose: () => (watch.isDisposed = true) }) as unknown as IWatch;
  }
}

describe('a table of runs', () => {
  let ledgers: Ledgers;
  let saved: IState[];
  const made = (state: Partial<IState> = {}, path = 'a/churn.ipynb'): RunsModel =>
    new RunsModel(ledgers, { path, isNotebook: path.endsWith('.ipynb') }, { ...INITIAL, ...state }, one => saved.push(one));
  beforeEach(() => {
    vi.useFakeTimers();
    ledgers = new Ledgers();
    saved = [];
  });
  afterEach(() => vi.useRealTimers());

  it('asks for nothing before the ledger is known to be sound', async () => {
    const model = made();
    ledgers.about = { ...ledgers.about, state: 'locked' };
    ledgers.tell('state');
    await pass();
    expect(ledgers.asked).toEqual([]);
    ledgers.about = { ...ledgers.about, state: 'ok' };
    ledgers.tell('state');
    await pass();
    expect(model.list.total).toBe(1);
  });

  it('shows the whole ledger where there is no notebook, and goes back when there is one', async () => {
    const model = made({}, 'a');
    ledgers.tell('state');
    expect(model.scope).toBe('ledger');
    model.moveTo({ path: 'a/churn.ipynb', isNotebook: true });
    ledgers.tell('state');
    await pass();
    expect(model.scope).toBe('notebook');
    expect(ledgers.asked.map(({ query }) => query.scope)).toEqual(['ledger', 'notebook']);
  });

  it('takes the experiment of the notebook’s name until another one is chosen', () => {
    const model = made({ scope: 'experiment' }, 'x/fraud.ipynb');
    ledgers.tell('state');
    expect(model.experiment).toBe('fraud');
    model.update({ experiment: 'churn' });
    expect([model.experiment, ledgers.asked.at(-1)?.query.experiment]).toEqual(['churn', 'churn']);
  });

  it('keeps an experiment that is not among those that are told, but only where there are more', async () => {
    ledgers.about = { ...ledgers.about, experiment_count: 900 };
    const model = made({ scope: 'experiment', experiment: 'zebra' });
    ledgers.tell('state');
    expect([model.experiment, ledgers.asked.at(-1)?.query.experiment]).toEqual(['zebra', 'zebra']);
    expect((await model.findExperiments('z')).items).toEqual(['z of a/churn.ipynb']);
    ledgers.about = { ...ledgers.about, experiment_count: 2 };
    ledgers.tell('state');
    expect(model.experiment).toBe('churn');
  });

  it('does not read the same ledger again when another notebook comes to the front', async () => {
    const model = made({ scope: 'ledger' });
    ledgers.tell('state');
    await pass();
    model.moveTo({ path: 'a/other.ipynb', isNotebook: true });
    ledgers.tell('state');
    await pass();
    expect(ledgers.asked.length).toBe(1);
    expect(ledgers.watched).toEqual(['a/churn.ipynb', 'a/other.ipynb']);
  });

  it('remembers each choice', () => {
    const model = made();
    model.update({ filter: 'forest' });
    model.toggle('r');
    model.toggle('s');
    model.toggle('r');
    expect(saved.at(-1)).toMatchObject({ filter: 'forest', selected: ['s'] });
  });

  it('puts what most runs have first among its columns, and knows their values', async () => {
    const model = made();
    ledgers.tell('state');
    await pass();
    expect([model.columns.metrics[0], model.columns.params[0]]).toEqual(['f1', 'model']);
    expect(model.values('params.model')).toEqual(['forest']);
    expect(model.values('attributes.experiment')).toEqual(['churn', 'fraud']);
    model.update({ filter: 'mod' }); // half typed, and applied meanwhile
    await pass();
    expect([[...model.list.known()], model.values('params.model')]).toEqual([[], ['forest']]);
  });
});
