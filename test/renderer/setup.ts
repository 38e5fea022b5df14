/** For every test file of the window: a clean page after each test, and the page's own quiet zod. */

import "#renderer/api/quiet-zod.ts";
import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

afterEach(cleanup);

// On a busy machine what a test waits for comes late, and is right all the same.
configure({ asyncUtilTimeout: 20_000 });
