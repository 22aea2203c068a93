import { CommandRegistry } from '@lumino/commands';
import { Message } from '@lumino/messaging';
import { Poll } from '@lumino/polling';
import { Widget } from '@lumino/widgets';
import { TranslationBundle } from '@jupyterlab/translation';

import { CommandIDs } from './commands';
import { genlabIcon } from './icon';
import { IProject, IRun, IRuns, Refused, Server, ServerMissing } from './request';

const SECONDS = 1000;
const WHILE_RUNNING = 2 * SECONDS;
const OTHERWISE = 5 * SECONDS;
const SHOWN_RUNS = 20;

/** What the panel shows. */
interface ISeen {
  projects: IProject[];
  runs: IRun[];
}

/** The side panel: projects, and the newest runs with where they stand. */
export class GenlabPanel extends Widget {
  constructor(
    private _server: Server,
    private _commands: CommandRegistry,
    private _trans: TranslationBundle,
  ) {
    super();
    this.id = 'genlab-panel';
    this.addClass('jp-GenlabPanel');
    this.title.icon = genlabIcon;
    this.title.caption = _trans.__('GenLab: projects and trainings');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'GenLab');
    this._problem.setAttribute('role', 'alert');
    this.node.append(this._head(), this._problem, this._content);
    this._poll = new Poll({
      name: 'genlab-panel',
      auto: false,
      factory: () => this._look(),
      frequency: { interval: OTHERWISE, max: 60 * SECONDS },
      standby: () => (this.isVisible ? 'when-hidden' : true),
    });
  }

  /** Looks again now, for example after an import. */
  refresh(): void {
    void this._poll.refresh();
  }

  dispose(): void {
    this._poll.dispose();
    super.dispose();
  }

  protected onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this.refresh();
  }

  protected onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    if (this.isVisible) {
      this.refresh();
    }
  }

  private async _look(): Promise<void> {
    try {
      const asked = { inBackground: true };
      const [found, projects] = await Promise.all([
        this._server.get<IRuns>('runs', { ...asked, query: { limit: SHOWN_RUNS } }),
        this._server.get<{ projects: IProject[] }>('projects', asked),
      ]);
      this._problem.replaceChildren();
      this._show({ projects: projects.projects, runs: found.runs });
      const busy = found.runs.some((run) => !run.ended);
      this._poll.frequency = { ...this._poll.frequency, interval: busy ? WHILE_RUNNING : OTHERWISE };
    } catch (error) {
      this._fail(error);
      if (error instanceof ServerMissing) {
        void this._poll.stop();
      }
      throw error; // the poll asks less and less often
    }
  }

  private _fail(error: unknown): void {
    const told = error instanceof Refused ? error : new Refused(String(error));
    const lines = [told.what, told.why, told.nextStep].filter(Boolean).map((line) => element('p', '', line));
    const again = button(this._trans.__('Try again'), 'again', () => this.refresh());
    this._problem.replaceChildren(...lines, again);
    this._content.hidden = error instanceof ServerMissing;
  }

  private _head(): HTMLElement {
    const pages: [string, string][] = [
      ['train', this._trans.__('Train')],
      ['history', this._trans.__('History')],
      ['models', this._trans.__('Models')],
      ['setup', this._trans.__('Setup')],
    ];
    const head = element('nav', 'jp-GenlabPanel-pages');
    head.setAttribute('aria-label', this._trans.__('GenLab pages'));
    head.append(...pages.map(([page, title]) => button(title, page, () => this._open(page))));
    return head;
  }

  /** Draws what has changed; the element that has the focus gets it back. */
  private _show(seen: ISeen): void {
    this._content.hidden = false;
    const told = JSON.stringify(seen);
    if (told === this._shown) {
      return;
    }
    this._shown = told;
    const focused = this.node.contains(document.activeElement)
      ? (document.activeElement as HTMLElement).dataset.key
      : undefined;
    this._content.replaceChildren(...this._projects(seen.projects), ...this._runs(seen.runs));
    if (focused) {
      this._content.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    }
  }

  private _projects(projects: IProject[]): HTMLElement[] {
    const title = element('h2', '', this._trans.__('Projects'));
    if (!projects.length) {
      const hint = this._trans.__(
        'No project yet. Right-click a folder, a zip or a .json in the file browser: "Import into GenLab".',
      );
      const demo = button(this._trans.__('Try the demo project'), 'demo', () => {
        void this._commands.execute(CommandIDs.importProject, { demo: true });
      });
      return [title, element('p', 'jp-GenlabPanel-hint', hint), demo];
    }
    const list = element('ul', 'jp-GenlabPanel-projects');
    for (const project of projects) {
      const row = element('li');
      const name = button(project.name, `project ${project.name}`, () => this._open('train', project.name));
      name.title = this._trans.__('Train a model on %1', project.name);
      row.append(
        name,
        element('span', 'jp-GenlabPanel-count', this._trans.__('%1 tasks', project.tasks.toLocaleString())),
      );
      list.append(row);
    }
    return [title, list];
  }

  private _runs(runs: IRun[]): HTMLElement[] {
    const title = element('h2', '', this._trans.__('Newest trainings'));
    if (!runs.length) {
      return [title, element('p', 'jp-GenlabPanel-hint', this._trans.__('No training yet.'))];
    }
    const list = element('ul', 'jp-GenlabPanel-runs');
    list.append(...runs.map((run) => this._run(run)));
    return [title, list];
  }

  private _run(run: IRun): HTMLElement {
    const row = element('li');
    const head = element('div', 'jp-GenlabPanel-runHead');
    const status = element('span', 'jp-GenlabPanel-status', word(run.status));
    status.dataset.status = run.status;
    head.append(element('span', 'jp-GenlabPanel-runName', run.id), status);
    row.append(head);
    if (!run.ended && run.progress) {
      row.append(this._bar(run, run.progress.fraction));
    }
    const line = this._line(run);
    if (line) {
      row.append(element('p', 'jp-GenlabPanel-line', line));
    }
    row.append(this._actions(run));
    return row;
  }

  private _bar(run: IRun, fraction: number): HTMLElement {
    const bar = document.createElement('progress');
    bar.max = 1;
    bar.value = fraction;
    bar.setAttribute('aria-label', this._trans.__('Training %1', run.id));
    return bar;
  }

  private _line(run: IRun): string {
    if (run.status === 'COMPLETED') {
      return run.f1 === null ? '' : this._trans.__('F1 %1', run.f1.toFixed(2));
    }
    if (run.ended || !run.progress) {
      return run.message;
    }
    const left = run.progress.seconds_left;
    return [run.progress.message, left === null ? '' : this._trans.__('%1 left.', duration(left))]
      .filter(Boolean)
      .join(' ');
  }

  private _actions(run: IRun): HTMLElement {
    const actions = element('div', 'jp-GenlabPanel-actions');
    const add = (text: string, command: string, args: { [name: string]: string }) => {
      const made = button(text, `${command} ${run.id} ${text}`, () => void this._commands.execute(command, args));
      made.setAttribute('aria-label', `${text}: ${run.id}`);
      actions.append(made);
    };
    add(this._trans.__('Notebook'), CommandIDs.openNotebook, { run: run.id });
    add(this._trans.__('Log'), CommandIDs.openLog, { run: run.id });
    if (run.model) {
      add(this._trans.__('Model'), CommandIDs.openPage, { page: 'models', project: run.project });
    }
    if (!run.ended) {
      add(this._trans.__('Stop'), CommandIDs.stop, { run: run.id });
    }
    return actions;
  }

  private _open(page: string, project?: string): void {
    void this._commands.execute(CommandIDs.openPage, { page, ...(project ? { project } : {}) });
  }

  private _problem = element('div', 'jp-GenlabPanel-problem');
  private _content = element('div', 'jp-GenlabPanel-content');
  private _poll: Poll;
  private _shown = '';
}

function element(tag: string, className = '', text = ''): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function button(text: string, key: string, action: () => void): HTMLElement {
  const made = element('button', 'jp-GenlabPanel-button', text);
  made.setAttribute('type', 'button');
  made.dataset.key = key;
  made.addEventListener('click', action);
  return made;
}

/** Returns a state as a word: `Running`. */
function word(status: string): string {
  return status.charAt(0) + status.slice(1).toLowerCase();
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
