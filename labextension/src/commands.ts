import { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { TranslationBundle } from '@jupyterlab/translation';

import { openApp } from './app';
import { GenlabDrive, notebookPath } from './drive';
import { genlabIcon } from './icon';
import { IImported, place, Refused, Server } from './request';

/** The commands, for palette, launcher, menus and other extensions. */
export namespace CommandIDs {
  /** Opens a page of the app; `page` (train, history, models, setup, infrastructure) and `project`. */
  export const openPage = 'genlab:open-page';
  /** Imports what is selected in the file browser, or `path`, or the demo project (`demo`). */
  export const importProject = 'genlab:import';
  /** Opens the executed notebook of `run`. */
  export const openNotebook = 'genlab:open-notebook';
  /** Opens the training log of `run`. */
  export const openLog = 'genlab:open-log';
  /** Stops `run`. */
  export const stop = 'genlab:stop';
}

/** What the commands need. */
export interface ISurroundings {
  app: JupyterFrontEnd;
  documents: IDocumentManager;
  browsers: IFileBrowserFactory | null;
  drive: GenlabDrive;
  server: Server;
  trans: TranslationBundle;
  openLog: (run: string) => void;
  /** Called after something changed that lists show. */
  changed: () => void;
}

/** Adds the commands, except that errors are said as the server says them. */
export function addCommands(here: ISurroundings): void {
  const { app, documents, drive, server, trans } = here;
  const titles: { [page: string]: string } = {
    train: trans.__('Train a model'),
    history: trans.__('Training history'),
    models: trans.__('Models'),
    setup: trans.__('Project setup'),
    infrastructure: trans.__('Infrastructure'),
  };
  app.commands.addCommand(CommandIDs.openPage, {
    label: (args) => titles[text(args.page) ?? 'train'] ?? trans.__('Train a model'),
    caption: trans.__('Opens GenLab'),
    icon: genlabIcon,
    execute: (args) =>
      said(openApp(documents, drive, server, { page: text(args.page) ?? 'train', project: text(args.project) })),
  });
  app.commands.addCommand(CommandIDs.importProject, {
    label: trans.__('Import into GenLab'),
    caption: trans.__('Makes the folder, zip or JSON file a project'),
    icon: genlabIcon,
    isVisible: (args) => Boolean(args.demo || args.path || selected(here)),
    execute: (args) => importProject(here, args.demo ? undefined : (text(args.path) ?? selected(here))),
  });
  app.commands.addCommand(CommandIDs.openNotebook, {
    label: trans.__('Open the notebook of a training'),
    execute: (args) =>
      said(
        server.get(place('runs', text(args.run) ?? '', 'notebook')).then(() => {
          documents.openOrReveal(notebookPath(text(args.run) ?? ''), 'Notebook');
        }),
      ),
  });
  app.commands.addCommand(CommandIDs.openLog, {
    label: trans.__('Open the log of a training'),
    execute: (args) => here.openLog(text(args.run) ?? ''),
  });
  app.commands.addCommand(CommandIDs.stop, {
    label: trans.__('Stop a training'),
    execute: (args) => stop(here, text(args.run) ?? ''),
  });
}

/** Returns the path of the one selected item, if it can be an export; Jupyter's own files only. */
function selected(here: ISurroundings): string | undefined {
  const items = Array.from(here.browsers?.tracker.currentWidget?.selectedItems() ?? []);
  const item = items.length === 1 ? items[0] : undefined;
  if (!item || !(item.type === 'directory' || /\.(zip|json)$/i.test(item.path))) {
    return undefined;
  }
  const contents = here.app.serviceManager.contents;
  return ['', 'RTC'].includes(contents.driveName(item.path)) ? contents.localPath(item.path) : undefined;
}

async function importProject(here: ISurroundings, path: string | undefined): Promise<void> {
  const { app, server, trans } = here;
  const name = path?.split('/').pop() ?? trans.__('the demo project');
  const id = Notification.emit(trans.__('GenLab imports %1 …', name), 'in-progress', { autoClose: false });
  try {
    const told = await server.post<IImported>('projects', path === undefined ? { demo: true } : { path });
    const project = told.project.name;
    const remarks = told.warning_count ? ` ${trans.__('%1 remarks: %2', told.warning_count, told.warnings[0])}` : '';
    Notification.update({
      id,
      type: told.warning_count ? 'warning' : 'success',
      message: trans.__('%1 was imported: %2 tasks.', project, told.project.tasks) + remarks,
      autoClose: told.warning_count ? false : 10_000,
      actions: [
        {
          label: trans.__('Train a model'),
          callback: () => void app.commands.execute(CommandIDs.openPage, { page: 'train', project }),
        },
      ],
    });
  } catch (error) {
    Notification.update({ id, type: 'error', message: sentence(error), autoClose: false });
  }
  here.changed();
}

async function stop(here: ISurroundings, run: string): Promise<void> {
  const { server, trans } = here;
  const answer = await showDialog({
    title: trans.__('Stop %1?', run),
    body: trans.__('What it has logged stays; no model is made.'),
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Stop') })],
  });
  if (answer.button.accept) {
    await said(server.post(place('runs', run, 'stop')));
    here.changed();
  }
}

/** Waits for something; what goes wrong becomes a message. */
async function said(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    Notification.error(sentence(error), { autoClose: false });
  }
}

function sentence(error: unknown): string {
  return error instanceof Refused ? error.message : `GenLab: ${error}`;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value ? value : undefined;
}
