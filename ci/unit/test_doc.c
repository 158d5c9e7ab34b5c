/*
 * Result documents: a good one comes back as it was, and nothing else comes
 * back at all: whatever a file holds, the answer is a message with a mend.
 *
 * "test_doc --write FILE" leaves the good document there, for the JSON Schema
 * validator.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "result/doc.h"
#include "result/schema.h"

/* Written with ' for ", which no text in it needs. */
static const char good_text[] =
"{'schema':'vmgauge-result/1','vmgauge':{'version':'0.1.0-gabc','image_sha256':"
"'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'},"
"'run':{'id':'20261122T130501-host','started':'2026-11-22T13:05:01Z',"
"'finished':null,'command':['vmgauge','run','--quick'],'seed':1234,"
"'quick':true,'budget_s':50.0,'deadline_ms':2000,'instances':6,'resumed':0,"
"'complete':false},"
"'env':{'host':{'name':'host','machine':'x86_64'},"
"'fingerprint':'0123456789abcdef','backend':{'kind':'svm','tdp':'npt',"
"'title':'AMD SVM with NPT','software_host':'QEMU TCG',"
"'times_meaningful':false,'evidence':['kvm_amd is loaded']},"
"'virtualised':{'is_guest':true,'hypervisor':'QEMU','evidence':[]},"
"'cpu':{'vendor':'AuthenticAMD','model':'QEMU TCG','family':15,"
"'model_number':107,'stepping':1,'microcode':'0x1000065','tsc_khz':1000000,"
"'flags':['svm','npt']},"
"'topology':{'packages':1,'cores':1,'pus':1,'numa_nodes':1,'smt':false,"
"'pinned_to':[0],'policy':'compact','memory_node':0},"
"'kernel':{'release':'6.1.0','version':'#1 SMP','cmdline':'quiet'},"
"'mitigations':{'spectre_v2':'Vulnerable','gds':null},"
"'power':{'governor':null,'driver':null,'turbo':null,'cstates':null},"
"'memory':{'total_bytes':1073741824,'thp':'always','thp_defrag':'madvise',"
"'hugepages':{'2048kB':0}},"
"'kvm':{'api_version':12,'modules':['kvm','kvm_amd'],"
"'parameters':{'kvm.halt_poll_ns':'200000'},"
"'capabilities':{'KVM_CAP_NR_VCPUS':1,'KVM_CAP_X86_USER_SPACE_MSR':true}},"
"'clocksource':'tsc','tsc':{'invariant':true},"
"'counters':{'pmu':false,'note':'no PMU'},"
"'disturbances':[{'what':'one CPU','mend':null,'severity':'note'}]},"
"'results':["
"{'id':'exit/cpuid','kind':'bench','target':'kvm','params':{'ring':0},"
"'summary':'CPUID leaf 0','verdict':'pass','reason':null,"
"'cite':['AMD APM vol. 3, CPUID'],'repeat':'vmgauge bench exit/cpuid --ring 0',"
"'unit':'cycles','better':'lower','per':'operation',"
"'samples':[[10.5,11],[12,9],[10,10],[11,11],[9,9.5],[10,12]],"
"'ops':[100,100,100,100,100,100],'n':[6,2],'instances':[10,10,9.5,10.5,9,10.5],"
"'median':10.0,'ci':{'low':9.0,'high':10.5,'level':0.96875},'ns':10.0,"
"'tails':{},'overhead':{'median':0.5,'samples':[[0.5,0.5]]},"
"'flags':['under_10x_overhead'],'attest':{'attested':true,"
"'expected':{'kernel':1,'kernel_max':1,'user':0},"
"'observed':{'kernel':1.0,'user':0.0},'blocks':12,'exact':12,'reason':null},"
"'contamination':{'blocks':12,'contaminated':1,'context_switches':1,"
"'irq_exits':3,'migrations':0,'faults':0},"
"'counters':{'source':'software','note':'no PMU','events':"
"{'context-switches':{'host':0.01,'guest':null}}},"
"'decomposition':{'method':'stamps','ops':200,'parts':{'guest_to_kernel':3,"
"'kernel_to_user':null,'user':2,'user_to_kernel':1,'kernel_to_guest':4},"
"'sum':10,'whole':10.1,'ratio':0.99,'adds_up':true,'note':null}},"
"{'id':'exit/vmcall','kind':'bench','target':'kvm','params':{},"
"'summary':'VMCALL','verdict':'hang','reason':'no answer in 2000 ms','cite':[],"
"'repeat':'vmgauge bench exit/vmcall','median':null,'postmortem':"
"{'exit_reason':'KVM_EXIT_INTR','suberror':null,'registers':{'rip':'0x8'},"
"'instruction_bytes':'0f 01 c1','mailbox':['start'],'console':'boot\\n'}},"
"{'id':'fidelity/cpuid_vendor','kind':'probe','target':'kvm','params':{},"
"'summary':'vendor','verdict':'fail','reason':null,'cite':['Intel SDM'],"
"'repeat':'vmgauge conform fidelity/cpuid_vendor','rule':'CPUID names a vendor',"
"'subject':'fidelity/cpuid','control':'a mutant with an empty string',"
"'checks':[{'expr':'ebx','want':'0xd','got':'0x6','line':42,'ok':false}],"
"'checks_total':5,'expected_failure':null,'duration_ms':3.1,'postmortem':null},"
"{'id':'fidelity/x2apic','kind':'probe','target':'kvm','params':{},"
"'summary':'x2APIC','verdict':'skip','reason':'no x2APIC','cite':[],"
"'repeat':'vmgauge conform fidelity/x2apic','rule':'x2APIC works',"
"'subject':'fidelity/apic','control':null,'checks':[],'checks_total':0}]}";

static char dir[] = "/tmp/vmgauge-test-doc-XXXXXX";
static char path[64];

static json_t *good_doc(void)
{
	char *text = strdup(good_text);
	json_error_t at;
	json_t *doc;

	for (char *c = text; *c; c++)
		if (*c == '\'')
			*c = '"';
	doc = json_loads(text, 0, &at);
	free(text);
	if (!doc)
		fprintf(stderr, "fixture: %d:%s\n", at.position, at.text);
	return doc;
}

static void put(const char *text, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(n, fwrite(text, 1, n, f));
	assert_int_equal(0, fclose(f));
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in '%s'", part, text);
	for (; *text; text++)
		assert_true((unsigned char)*text >= ' ' && *text != 0x7f);
}

/* The file must be refused, with both parts in the message. */
static void refused(const char *text, const char *what, const char *mend)
{
	struct error e = { "" };

	put(text, strlen(text));
	assert_null(doc_load(path, &e));
	assert_has(e.text, path);
	assert_has(e.text, what);
	assert_has(e.text, mend);
	assert_null(doc_load(path, NULL));
}

static void good_comes_back(void **state)
{
	json_t *doc = good_doc(), *back;
	struct error e = { "" };
	struct stat st;

	(void)state;
	assert_non_null(doc);
	if (doc_save(doc, path, &e))
		fail_msg("%s", e.text);
	back = doc_load(path, &e);
	if (!back)
		fail_msg("%s", e.text);
	assert_true(json_equal(doc, back));
	assert_int_equal(0, stat(path, &st));
	assert_true(st.st_size < (off_t)sizeof(good_text) + 100);
	json_decref(back);
	json_decref(doc);
}

static void saving_twice_is_the_same_text(void **state)
{
	json_t *doc = good_doc(), *back;
	size_t n, m;
	char *a, *b;

	(void)state;
	json_object_set_new(json_array_get(json_object_get(doc, "results"), 0),
			    "median", json_real(1.0 / 3 * 1e5));
	assert_int_equal(0, doc_save(doc, path, NULL));
	assert_int_equal(0, doc_read_file(path, &a, &n, NULL));
	assert_has(strstr(a, "\"median\"") ? "yes" : "no", "yes");
	assert_non_null(strstr(a, "33333.33333,"));
	back = doc_load(path, NULL);
	assert_non_null(back);
	assert_int_equal(0, doc_save(back, path, NULL));
	assert_int_equal(0, doc_read_file(path, &b, &m, NULL));
	assert_string_equal(a, b);
	free(a);
	free(b);
	json_decref(back);
	json_decref(doc);
}

static void skeleton_grows_into_a_document(void **state)
{
	json_t *model = good_doc(), *doc;
	json_t *run = json_object_get(model, "run");
	json_t *env = json_object_get(model, "env");
	json_t *result = json_array_get(json_object_get(model, "results"), 3);

	(void)state;
	doc = doc_new("0.1.0", "00", run, env);
	assert_non_null(doc);
	assert_int_equal(0, doc_check(doc, "new", NULL));
	assert_int_equal(0, doc_add_result(doc, result));
	assert_int_equal(0, doc_check(doc, "new", NULL));
	assert_int_equal(-EINVAL, doc_add_result(doc, NULL));
	assert_int_equal(-EINVAL, doc_add_result(NULL, result));
	assert_null(doc_new("0.1.0", "00", NULL, env));
	json_decref(doc);
	json_decref(model);
}

static void verdicts_are_seven(void **state)
{
	(void)state;
	for (int i = 0; i < 7; i++)
		assert_int_equal(i, doc_verdict_severity(doc_verdict_name(i)));
	assert_int_equal(-1, doc_verdict_severity("PASS"));
	assert_int_equal(-1, doc_verdict_severity(NULL));
	assert_null(doc_verdict_name(7));
	assert_null(doc_verdict_name(-1));
	assert_string_equal("pass", doc_verdict_name(0));
	assert_string_equal("error", doc_verdict_name(6));
}

static void truncated_at_every_byte(void **state)
{
	json_t *doc = good_doc();
	struct error e;
	size_t n;
	char *text;

	(void)state;
	assert_int_equal(0, doc_save(doc, path, NULL));
	assert_int_equal(0, doc_read_file(path, &text, &n, NULL));
	assert_int_equal('}', text[n - 2]);
	for (size_t length = 1; length < n - 1; length++) {
		put(text, length);
		e.text[0] = '\0';
		assert_null(doc_load(path, &e));
		assert_has(e.text, "truncated");
		assert_has(e.text, "run the suite again");
	}
	put(text, 0);
	assert_null(doc_load(path, &e));
	assert_has(e.text, "empty");
	free(text);
	json_decref(doc);
}

static void foreign_files_are_named(void **state)
{
	static const char nul[] = "{\"schema\": \"vmgauge-result/1\0\"}";
	struct error e;

	(void)state;
	refused(" \n", "empty file", "run the suite again");
	refused("hello", "not JSON", "name a result document");
	refused("{\"a\": NaN}", ":1:", "name a result document");
	refused("{\"a\": 1e999}", ":1:", "name a result document");
	refused("{\"a\": 1, \"a\": 2}", "duplicate", "name a result document");
	refused("{\"a\":\n \"\xff\"}", ":2:", "name a result document");
	refused("[]", "no result document", "vmgauge run");
	refused("{}", "schema missing", "vmgauge run");
	refused("{\"schema\": 7}", "schema missing", "vmgauge run");
	refused("{\"schema\": \"fio-1\"}", "schema fio-1", "vmgauge run");
	refused("{\"schema\": \"vmgauge-result/0\"}", "schema vm", "vmgauge run");
	refused("{\"schema\": \"vmgauge-result/-1\"}", "no result", "vmgauge run");
	refused("{\"schema\": \"vmgauge-result/1x\"}", "no result", "vmgauge run");
	refused("{\"schema\": \"\\u001b[2Jvm\"}", "no result", "vmgauge run");
	refused("{\"schema\": \"vmgauge-result/2\"}", "newer vmgauge (schema 2; "
		"this one reads 1)", "upgrade");
	refused("{\"journal\": \"vmgauge-journal/1\"}\n{\"result\": {}}\n",
		"the journal of an unfinished run", "--resume");
	refused("{\"schema\": \"vmgauge-result/1\"}", "vmgauge is missing",
		"another copy");
	put(nul, sizeof(nul) - 1);
	assert_null(doc_load(path, &e));
	assert_has(e.text, "not JSON");
}

static void unreadable_files_are_named(void **state)
{
	struct error e;

	(void)state;
	assert_null(doc_load("/nonexistent/x.json", &e));
	assert_has(e.text, "/nonexistent/x.json: No such file");
	assert_has(e.text, "check the name");
	assert_null(doc_load(dir, &e));
	assert_has(e.text, "Is a directory");
	assert_has(e.text, "name the file inside it");
	put("{", 1);
	assert_int_equal(0, truncate(path, (off_t)DOC_MAX_BYTES + 1));
	assert_null(doc_load(path, &e));
	assert_has(e.text, "256 MiB");
}

/* Sets the member or element to a new value (NULL: removes it), and back. */
static void mutate(json_t *doc, json_t *parent, const char *key, size_t index,
		   json_t *value, unsigned int *refused_count)
{
	json_t *old = key ? json_object_get(parent, key) :
			    json_array_get(parent, index);
	json_t *backup = json_deep_copy(parent);
	struct error e = { "" };
	int err;

	assert_non_null(backup);
	if (!value)
		key ? json_object_del(parent, key) :
		      json_array_remove(parent, index);
	else if (old)
		key ? json_object_set_new(parent, key, value) :
		      json_array_set_new(parent, index, value);
	err = doc_check(doc, "x.json", &e);
	if (err) {
		++*refused_count;
		assert_true(err == -EPROTO || err == -EBADMSG);
		assert_has(e.text, "x.json: ");
	}
	if (json_is_object(parent)) {
		json_object_clear(parent);
		json_object_update(parent, backup);
	} else {
		json_array_clear(parent);
		json_array_extend(parent, backup);
	}
	json_decref(backup);
}

static json_t *hostile(int which)
{
	json_t *deep = json_array();

	switch (which) {
	case 0: json_array_append_new(deep, json_object()); return deep;
	default: json_decref(deep);
	}
	switch (which) {
	case 1: return json_null();
	case 2: return json_true();
	case 3: return json_integer(-1);
	case 4: return json_real(1e308);
	case 5: return json_integer(INT64_MIN);
	case 6: return json_string("\033[31m\nevil");
	case 7: return json_array();
	case 8: return json_object();
	case 9: return json_pack("{s:{s:[]}}", "\033\n%s%n", "x");
	default: return NULL;
	}
}

static void mutate_all(json_t *doc, const json_t *model, json_t *parent,
		       unsigned int *refused_count)
{
	const json_t *child;
	const char *key;
	size_t i;

	json_object_foreach((json_t *)model, key, child) {
		for (int which = 0; which <= 10; which++)
			mutate(doc, parent, key, 0, hostile(which),
			       refused_count);
		mutate_all(doc, child, json_object_get(parent, key),
			   refused_count);
	}
	json_array_foreach((json_t *)model, i, child) {
		for (int which = 0; which <= 10; which++)
			mutate(doc, parent, NULL, i, hostile(which),
			       refused_count);
		mutate_all(doc, child, json_array_get(parent, i),
			   refused_count);
	}
}

/* Every field of the document made every wrong type in turn, and removed. */
static void hostile_types_are_refused(void **state)
{
	json_t *model = good_doc(), *doc = good_doc();
	unsigned int refused_count = 0;

	(void)state;
	mutate_all(doc, model, doc, &refused_count);
	assert_true(json_equal(model, doc));
	assert_true(refused_count > 1500);
	json_decref(model);
	json_decref(doc);
}

static void assert_result_refused(const char *field, json_t *value,
				  const char *what)
{
	json_t *doc = good_doc();
	json_t *result = json_array_get(json_object_get(doc, "results"), 0);
	struct error e = { "" };

	if (value)
		json_object_set_new(result, field, value);
	else
		json_object_del(result, field);
	assert_int_equal(-EBADMSG, doc_check(doc, "x.json", &e));
	assert_has(e.text, what);
	assert_has(e.text, "results[0]");
	json_decref(doc);
}

static void what_readers_rely_on_is_there(void **state)
{
	char *big = test_malloc(DOC_MAX_TEXT_BYTES + 2);

	(void)state;
	memset(big, 'a', DOC_MAX_TEXT_BYTES + 1);
	big[DOC_MAX_TEXT_BYTES + 1] = '\0';
	assert_result_refused("verdict", json_string("ok"), "known words");
	assert_result_refused("verdict", NULL, "verdict is missing");
	assert_result_refused("summary", json_string(big), "absurdly long");
	assert_result_refused("median", json_null(), "median");
	assert_result_refused("median", NULL, "median is missing");
	assert_result_refused("median", json_real(1e31), "absurdly large");
	assert_result_refused("instances", json_array(), "no instances");
	assert_result_refused("ci", NULL, "ci is missing");
	assert_result_refused("ci", json_pack("{s:f,s:f}", "low", 1.0, "high",
					      2.0), "ci.level is missing");
	assert_result_refused("ci", json_pack("{s:f,s:f,s:f}", "low", 3.0,
					      "high", 2.0, "level", 0.95),
			      "interval that is none");
	for (double level = 0; level < 2; level += 1.5)
		assert_result_refused("ci", json_pack("{s:f,s:f,s:f}", "low",
						      1.0, "high", 2.0, "level",
						      level),
				      "interval that is none");
	assert_result_refused("samples", json_pack("[[s]]", "1"),
			      "samples[0][0] must be a number");
	assert_result_refused("n", json_pack("[i]", -1), "n[0] must be a count");
	test_free(big);
}

static void assert_cannot_save(const char *where, int want, const char *mend)
{
	json_t *doc = good_doc();
	struct error e = { "" };

	assert_int_equal(want, doc_save(doc, where, &e));
	assert_has(e.text, where);
	assert_has(e.text, strerror(-want));
	assert_has(e.text, mend);
	json_decref(doc);
}

static void unwritable_places_are_named(void **state)
{
	(void)state;
	assert_cannot_save("/nonexistent/x.json", -ENOENT, "create the directory");
	assert_cannot_save("/proc/version/x.json", -ENOTDIR, "-o elsewhere");
	assert_cannot_save(dir, -EISDIR, "name a file inside it");
	assert_cannot_save("/dev/full", -ENOSPC, "disk full: free space or use -o");
	if (!geteuid())
		return;		/* root may write anywhere */
	assert_int_equal(0, chmod(dir, 0500));
	assert_cannot_save(path, -EACCES, "where you may write");
	assert_int_equal(0, chmod(dir, 0700));
}

static unsigned int files_in_dir(void)
{
	char command[128];
	unsigned int n = 0;
	FILE *p;

	snprintf(command, sizeof(command), "ls -A %s | wc -l", dir);
	p = popen(command, "r");
	assert_non_null(p);
	assert_int_equal(1, fscanf(p, "%u", &n));
	pclose(p);
	return n;
}

/* A limit on file size stands for a full disk: the write stops half-way. */
static void full_disk_keeps_the_old_file(void **state)
{
	struct rlimit old, limit;
	json_t *doc = good_doc(), *back;
	struct stat st;

	(void)state;
	assert_int_equal(0, doc_save(doc, path, NULL));
	assert_int_equal(0, stat(path, &st));
	assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &old));
	signal(SIGXFSZ, SIG_IGN);
	for (rlim_t room = 0; room < (rlim_t)st.st_size; room += 499) {
		limit = (struct rlimit){ room, old.rlim_max };
		assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &limit));
		assert_cannot_save(path, -EFBIG, "raise 'ulimit -f'");
	}
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &old));
	assert_int_equal(1, files_in_dir());
	back = doc_load(path, NULL);
	assert_true(json_equal(doc, back));
	json_decref(back);
	json_decref(doc);
}

/* In the child: SIGXFSZ ends it in the middle of the file, as SIGKILL would. */
static void save_until_killed(void)
{
	struct rlimit size = { 4096, 4096 }, none = { 0, 0 };
	json_t *doc = good_doc();
	char *text = calloc(1, 1 << 20);

	if (!doc || !text)
		_exit(1);
	memset(text, 'x', (1 << 20) - 1);
	json_object_set_new(doc, "padding", json_string(text));
	signal(SIGXFSZ, SIG_DFL);
	if (setrlimit(RLIMIT_CORE, &none) || setrlimit(RLIMIT_FSIZE, &size))
		_exit(1);
	doc_save(doc, path, NULL);
	_exit(0);
}

static void killed_leaves_no_temporary_file(void **state)
{
	int status, fd = open(dir, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
	char temp[100];
	pid_t pid;

	(void)state;
	unlink(path);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		save_until_killed();
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(SIGXFSZ, WTERMSIG(status));
	assert_int_not_equal(0, access(path, F_OK));
	snprintf(temp, sizeof(temp), "%s/.vmgauge.%d.tmp", dir, pid);
	if (fd < 0) {	/* a file system whose files have names */
		assert_int_equal(0, unlink(temp));
		return;
	}
	close(fd);
	assert_int_not_equal(0, access(temp, F_OK));
}

static void link_is_followed(void **state)
{
	char link[80];
	json_t *doc = good_doc();
	struct stat st;

	(void)state;
	snprintf(link, sizeof(link), "%s/latest", dir);
	put("old", 3);
	assert_int_equal(0, symlink(path, link));
	assert_int_equal(0, doc_save(doc, link, NULL));
	assert_int_equal(0, lstat(link, &st));
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(0, lstat(path, &st));
	assert_true(S_ISREG(st.st_mode) && st.st_size > 3);
	unlink(link);
	json_decref(doc);
}

static void schema_is_embedded(void **state)
{
	size_t n = (size_t)(result_schema_end - result_schema_start);
	json_t *schema = json_loadb(result_schema_start, n, 0, NULL);
	json_t *name = json_object_get(json_object_get(json_object_get(schema,
				"properties"), "schema"), "const");

	(void)state;
	assert_non_null(schema);
	assert_string_equal(DOC_SCHEMA, json_string_value(name));
	json_decref(schema);
}

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/result.json", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static int write_good(const char *where)
{
	struct error e = { "" };
	json_t *doc = good_doc();
	int err = doc_save(doc, where, &e);

	if (err)
		fprintf(stderr, "%s\n", e.text);
	json_decref(doc);
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_comes_back),
		cmocka_unit_test(saving_twice_is_the_same_text),
		cmocka_unit_test(skeleton_grows_into_a_document),
		cmocka_unit_test(verdicts_are_seven),
		cmocka_unit_test(truncated_at_every_byte),
		cmocka_unit_test(foreign_files_are_named),
		cmocka_unit_test(unreadable_files_are_named),
		cmocka_unit_test(hostile_types_are_refused),
		cmocka_unit_test(what_readers_rely_on_is_there),
		cmocka_unit_test(unwritable_places_are_named),
		cmocka_unit_test(full_disk_keeps_the_old_file),
		cmocka_unit_test(killed_leaves_no_temporary_file),
		cmocka_unit_test(link_is_followed),
		cmocka_unit_test(schema_is_embedded),
	};

	if (argc == 3 && !strcmp(argv[1], "--write"))
		return write_good(argv[2]);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
