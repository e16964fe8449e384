import "./style.css";
import { PathApp } from "./app";
import { chooseBackend } from "./backend";

customElements.define("plainwire-path", PathApp);
void (document.querySelector("plainwire-path") as PathApp).start(chooseBackend());
