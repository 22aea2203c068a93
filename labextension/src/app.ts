import { DocumentRegistry } from '@jupyterlab/docregistry';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { INotebookModel, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import { ISessionContext } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { DisposableDelegate, IDisposable } from '@lumino/disposable';

import { APP, GenlabDrive, IStart } from './drive';
import { genlabIcon } from './icon';
import { IPage, place, Server } from './request';

/**
 * Shows the app's notebook as an app: it runs by itself, and nothing of the notebook is seen.
 *
 * The widgets are JupyterLab's own, so theme, restored layout and kernels work as in every notebook.
 */
export class AppView implements DocumentRegistry.IWidgetExtension<NotebookPanel, INotebookModel> {
  constructor(private _trans: TranslationBundle) {}

  createNew(panel: NotebookPanel, context: DocumentRegistry.IContext<INotebookModel>): IDisposable {
    if (context.path !== APP) {
      return new DisposableDelegate(() => undefined);
    }
    panel.addClass('jp-GenlabApp');
    panel.title.icon = genlabIcon;
    panel.title.caption = this._trans.__('GenLab: train models from annotation projects');
    panel.toolbar.hide();
    // A key that is pressed on a button of the app must never delete or move the cell that shows it.
    panel.node.addEventListener('focusin', (event) => {
      (event.target as Element).setAttribute('data-lm-suppress-shortcuts', 'true');
    });
    const notice = this._notice(panel);
    const session = context.sessionContext;
    const run = async () => {
      notice.hidden = false;
      notice.textContent = this._trans.__('GenLab is starting …');
      const done = await NotebookActions.runAll(panel.content, session);
      panel.toggleClass('jp-mod-failed', !done);
      notice.hidden = done;
      if (!done) {
        notice.textContent = this._failed(context.model);
      }
    };
    let restarted = false;
    const afterRestart = (_: ISessionContext, status: string) => {
      if (status === 'restarting' || status === 'autorestarting') {
        restarted = true;
      } else if (status === 'idle' && restarted) {
        restarted = false;
        void run();
      }
    };
    const clean = () => {
      context.model.dirty = false; // what the notebook shows is no work that could be lost
    };
    void Promise.all([context.ready, session.ready]).then(() => {
      session.kernelPreference = { ...session.kernelPreference, shutdownOnDispose: true };
      context.model.stateChanged.connect(clean);
      session.statusChanged.connect(afterRestart);
      return run();
    });
    return new DisposableDelegate(() => {
      session.statusChanged.disconnect(afterRestart);
    });
  }

  private _notice(panel: NotebookPanel): HTMLElement {
    const notice = document.createElement('div');
    notice.className = 'jp-GenlabApp-notice';
    notice.setAttribute('role', 'status');
    panel.node.appendChild(notice);
    return notice;
  }

  /** Says in place of a traceback why the app did not start. */
  private _failed(model: INotebookModel): string {
    const outputs = Array.from(
      model.cells,
      (cell) => (cell.toJSON().outputs ?? []) as { ename?: string; evalue?: string }[],
    );
    const error = outputs.flat().find((output) => output.ename);
    const why = error ? `${error.ename}: ${error.evalue}.` : this._trans.__('Its kernel gave no answer.');
    const next = this._trans.__(
      'Install genlab-widgets in the Python of the kernel "Python 3", then close this tab and open GenLab again.',
    );
    return [this._trans.__('GenLab did not start.'), why, next].join(' ');
  }
}

/** Opens the app at a page, or lets the open one go there; a tab and a kernel are enough for all pages. */
export async function openApp(
  documents: IDocumentManager,
  drive: GenlabDrive,
  server: Server,
  start: IStart,
): Promise<void> {
  drive.start = start;
  const asked = server.get<IPage>(place('pages', start.page), { query: { project: start.project } });
  const open = documents.findWidget(APP, 'Notebook') as NotebookPanel | undefined;
  if (!open) {
    await asked; // what is wrong is said here, not in a dialog about a file
    documents.openOrReveal(APP, 'Notebook');
    return;
  }
  documents.openOrReveal(APP, 'Notebook');
  await open.sessionContext.ready;
  const code = (await asked).go_to;
  if (code) {
    open.sessionContext.session?.kernel?.requestExecute({ code, silent: true, store_history: false });
  }
}
