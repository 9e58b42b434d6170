// The generator's own look, with the fonts of the system and the colours of the other pages of this site.
import theme from "vitepress/theme-without-fonts";
import "./colors.css";

export default theme;
