// Whether a text is well-formed XML that runs nothing: what hostile names must not change.
#ifndef GCUT_TESTS_SUPPORT_XML_H
#define GCUT_TESTS_SUPPORT_XML_H

// NULL where it is; else what is wrong, and where: "an & that begins no entity: &more". Elements
// are closed in order, attributes quoted, & and < stand where markup begins and nowhere else, all
// is UTF-8 without control characters; there is no script, no handler of events and no javascript:
// in it. The text is one of this function's own, until its next call.
const char *test_xml_flaw(const char *text);

#endif
