/**
 * How each cell of a notebook stands: its recorded run, whether its result still holds and why not, and what must run.
 *
 * The server says what it knows from data and files; the source is compared here, with what stands in the editor, so
 * that an edit shows before it is saved. Nothing here imports JupyterLab.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ICellState, INotebookState } from '../api';
import { isSameCode, startsLedger } from './python';

/** A code cell as it is in the notebook now, in the notebook's order. */
export interface ILiveCell {
  id: string;
  source: string;
}

export interface IStanding {
  state: ICellState;
  /** Its source is another one than the one that ran. */
  edited: boolean;
  /** Why its result no longer holds; empty when it does. */
  stale: string[];
  /** Why its result is not what running the notebook from the top would give, or the empty text. */
  outOfOrder: string;
  /** Its result is in the kernel's memory. */
  current: boolean;
}

export type Standings = ReadonlyMap<string, IStanding>;

/** How each cell that was recorded stands, by the id that it has in the notebook now. */
export function standings(
  state: INotebookState,
  live: readonly ILiveCell[],
  trans: TranslationBundle,
  deadSession: string | null = null
): Standings {
  const alive = state.session !== null && state.session !== deadSession;
  const cells = matched(state, live);
  const place = new Map(live.map((cell, index) => [cell.id, index]));
  const found = new Map<string, IStanding>();
  for (const { id, source } of live) {
    const cell = cells.get(id);
    if (cell) {
      const edited = !isSameCode(source, cell.code);
      const own = edited ? [trans.__('its code was changed since it ran')] : [];
      const current = alive && cell.current;
      const below = current ? cell.needs.find(need => need.names.length > 0 && isBelow(place, need.cell_id, id)) : undefined;
      const maker = below && cells.get(below.cell_id);
      found.set(id, {
        state: cell,
        edited,
        stale: [...own, ...(cell.stale?.reasons ?? [])],
        outOfOrder:
          below && maker
            ? trans.__('%1: made by %2, which stands below this cell', below.names.join(', '), label(maker))
            : '',
        current
      });
    }
  }
  carry(found, trans);
  return found;
}

function isBelow(place: ReadonlyMap<string, number>, one: string, other: string): boolean {
  return (place.get(one) ?? -1) > (place.get(other) ?? -1);
}

/** The recorded state of each live cell: by id, else by its code where ids were made anew (notebook format below 4.5). */
function matched(state: INotebookState, live: readonly ILiveCell[]): Map<string, ICellState> {
  const byId = new Map(state.cells.map(cell => [cell.cell_id, cell]));
  const found = new Map<string, ICellState>();
  const renamed = new Map<string, string>();
  const without: ILiveCell[] = [];
  for (const cell of live) {
    const known = byId.get(cell.id);
    if (known) {
      found.set(cell.id, known);
      byId.delete(cell.id);
    } else if (cell.source.trim()) {
      without.push(cell);
    }
  }
  if (without.length > 0 && byId.size > 0 && found.size === 0) {
    const codes = [...byId.values()];
    for (const cell of without) {
      const same = codes.filter(known => known.code === cell.source);
      const twins = without.filter(other => other.source === cell.source);
      if (same.length === 1 && twins.length === 1) {
        found.set(cell.id, same[0]);
        renamed.set(same[0].cell_id, cell.id);
      }
    }
  }
  if (renamed.size > 0) {
    for (const [id, cell] of found) {
      const needs = cell.needs.map(need => ({ ...need, cell_id: renamed.get(need.cell_id) ?? need.cell_id }));
      found.set(id, { ...cell, needs });
    }
  }
  return found;
}

/** Carry staleness from each cell to those that used its results. */
function carry(found: Map<string, IStanding>, trans: TranslationBundle): void {
  let changed = true;
  while (changed) {
    changed = false;
    for (const [id, standing] of found) {
      for (const need of standing.state.needs) {
        const maker = found.get(need.cell_id);
        if (need.cell_id === id || (maker && maker.stale.length === 0)) {
          continue;
        }
        for (const name of [...need.names, ...need.files]) {
          const reason = maker
            ? trans.__('%1 comes from %2, which is stale', name, label(maker.state))
            : trans.__('%1 comes from a cell that is no longer in the notebook', name);
          if (!standing.stale.includes(reason)) {
            standing.stale.push(reason);
            changed = true;
          }
        }
      }
    }
  }
}

/** How text speaks of a cell: by its `In[]` number, else by its run. */
export function label(state: ICellState): string {
  return state.run.position !== null ? `[${state.run.position}]` : state.run.id.slice(0, 8);
}

/**
 * The cells to run, in order, so that `target` holds again: those that it needs, directly or not, and that are stale,
 * failed or not in the kernel's memory; and itself if it is. Of a cell that never ran nobody knows what it needs:
 * all that stand above it and do not hold are taken.
 */
export function plan(found: Standings, live: readonly ILiveCell[], target: string, isNewKernel: boolean): string[] {
  const place = new Map(live.map((cell, index) => [cell.id, index]));
  const chosen: string[] = [];
  const seen = new Set<string>();
  const visit = (id: string): void => {
    const standing = found.get(id);
    if (seen.has(id) || !place.has(id)) {
      return;
    }
    seen.add(id);
    for (const need of [...(standing?.state.needs ?? [])].sort(by(need => place.get(need.cell_id) ?? -1))) {
      visit(need.cell_id);
    }
    const needsChosen = standing?.state.needs.some(need => chosen.includes(need.cell_id));
    if (!standing || !holds(standing) || needsChosen) {
      chosen.push(id);
    }
  };
  if (!found.has(target)) {
    const above = live.slice(0, place.get(target) ?? 0);
    above.filter(cell => found.has(cell.id)).forEach(cell => visit(cell.id));
  }
  visit(target);
  return withSetUp(chosen, live, isNewKernel);
}

/** All stale cells in the order in which they must run. */
export function planAll(found: Standings, live: readonly ILiveCell[], isNewKernel: boolean): string[] {
  const chosen: string[] = [];
  for (const cell of live) {
    if ((found.get(cell.id)?.stale.length ?? 0) > 0) {
      for (const id of plan(found, live, cell.id, false)) {
        if (!chosen.includes(id)) {
          chosen.push(id);
        }
      }
    }
  }
  return withSetUp(chosen, live, isNewKernel);
}

/** A new kernel first runs the cells that start the recording. */
function withSetUp(chosen: string[], live: readonly ILiveCell[], isNewKernel: boolean): string[] {
  if (!isNewKernel || chosen.length === 0) {
    return chosen;
  }
  const setUp = live.filter(cell => startsLedger(cell.source)).map(cell => cell.id);
  return [...setUp, ...chosen.filter(id => !setUp.includes(id))];
}

function holds(standing: IStanding): boolean {
  return standing.current && standing.stale.length === 0 && standing.state.run.status === 'finished';
}

function by<T>(key: (item: T) => number): (a: T, b: T) => number {
  return (a, b) => key(a) - key(b);
}
