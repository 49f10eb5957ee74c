/** The settings of `schema/plugin.json`, read with care: a user may write anything into them. */
import type { Scope } from '../api';

export const SETTINGS = 'nbledger:plugin';

export interface ISavedFilter {
  name: string;
  filter: string;
}

export interface ISettings {
  scope: Scope;
  untracked: boolean;
  columns: string[];
  savedFilters: ISavedFilter[];
  statusBar: boolean;
}

export function readSettings(composite: unknown): ISettings {
  const found = (composite ?? {}) as Partial<Record<keyof ISettings, unknown>>;
  const filters = Array.isArray(found.savedFilters) ? found.savedFilters : [];
  return {
    scope: found.scope === 'experiment' || found.scope === 'ledger' ? found.scope : 'notebook',
    untracked: found.untracked === true,
    columns: Array.isArray(found.columns)
      ? found.columns.filter((key): key is string => typeof key === 'string' && /^(metrics|params|tags|attributes)\../.test(key))
      : [],
    savedFilters: filters.filter(
      (item): item is ISavedFilter =>
        typeof item === 'object' && item !== null && typeof item.name === 'string' && typeof item.filter === 'string'
    ),
    statusBar: found.statusBar !== false
  };
}
