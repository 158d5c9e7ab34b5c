/* The page's style sheet, reports/style.css, as a string inside the program. */
#ifndef VMGAUGE_REPORTS_STYLE_H
#define VMGAUGE_REPORTS_STYLE_H

extern const char style_css[];

#endif
