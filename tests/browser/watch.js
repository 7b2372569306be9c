// Put at the top of a page under test: notes what goes wrong from the first line on.
window.problems = [];
window.alert = text => problems.push(`alert ${text}`);
addEventListener('error', e => problems.push(`error ${e.message}`));
addEventListener('unhandledrejection', e => problems.push(`rejection ${e.reason}`));
addEventListener('securitypolicyviolation', e => problems.push(`policy ${e.violatedDirective} ${e.blockedURI}`));
console.error = text => problems.push(`console ${text}`);
