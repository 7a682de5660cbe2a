using System.Text;
using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>One way to be wrong: the body, and a word of the answer by which its reader knows what is wrong.</summary>
internal sealed record BadBody(string Name, string Problem, Func<TestNamespace, byte[]> Make)
{
    /// <summary>Whether it is wrong in itself, whichever webhook it is sent to.</summary>
    public bool IsAtTheEdge { get; init; }
}

/// <summary>What nobody should send. Each body is a sound review but for one thing.</summary>
internal static class BadInput
{
    public const int MaxBody = 7 * 1024 * 1024;

    private static readonly Manifest Payments = A.Deployment("payments").DeclaredHuman();

    public static IReadOnlyList<BadBody> Bodies { get; } =
    [
        Edge("an empty body", "is empty", _ => []),
        Edge("white space", "not JSON", _ => "  \n"u8.ToArray()),
        Edge("text that is not JSON", "not JSON", _ => "apiVersion: admission.k8s.io/v1"u8.ToArray()),
        Edge("half a review", "not JSON", ns => Sound(ns).Bytes()[..^20]),
        Edge("a review and something after it", "not JSON", ns => [.. Sound(ns).Bytes(), .. "{}"u8]),
        Edge("a list", "not a JSON object", _ => "[]"u8.ToArray()),
        Edge("null", "not a JSON object", _ => "null"u8.ToArray()),
        Edge("a Pod", "not an AdmissionReview", _ => """{"apiVersion":"v1","kind":"Pod"}"""u8.ToArray()),
        Edge("an empty object", "not an AdmissionReview", _ => "{}"u8.ToArray()),
        Edge("an older version", "not admission.k8s.io/v1", ns => Sound(ns).Bytes("admission.k8s.io/v1", "admission.k8s.io/v1beta1")),
        Edge("no version", "not admission.k8s.io/v1", ns => Sound(ns).Bytes("apiVersion\":\"admission", "version\":\"admission")),
        Edge("no request", "request is missing", ns => Sound(ns).Bytes("\"request\"", "\"demand\"")),
        Edge("a request that is null", "request is missing", _ =>
            """{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":null}"""u8.ToArray()),
        Edge("a request that is text", "request is not an object", _ =>
            """{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":"yes"}"""u8.ToArray()),
        Edge("no uid", "uid is missing", ns => Sound(ns).With(r => r.Remove("uid")).Bytes()),
        Edge("an empty uid", "uid is empty", ns => Sound(ns).With(r => r["uid"] = "").Bytes()),
        Edge("a uid that is a number", "uid is not a string", ns => Sound(ns).With(r => r["uid"] = 1).Bytes()),
        Edge("a uid that is a novel", "uid is empty or longer", ns => Sound(ns).With(r => r["uid"] = new string('u', 10_000)).Bytes()),
        Edge("user info that is text", "userInfo is not an object", ns => Sound(ns).With(r => r["userInfo"] = "admin").Bytes()),
        Edge("a request twice", "stands twice", ns => Sound(ns).Bytes("\"request\":", "\"request\":{},\"request\":")),
        Edge("a uid twice", "stands twice", ns => Sound(ns).Bytes("\"uid\":", "\"uid\":\"x\",\"uid\":")),
        Edge("an object twice", "stands twice", ns => Sound(ns).Bytes("\"oldObject\":", "\"object\":{},\"oldObject\":")),
        Edge("an annotation twice", "stands twice", ns => Sound(ns).Bytes(
            "\"changeadmission.io/ai-assisted\":", "\"changeadmission.io/ai-assisted\":\"true\",\"changeadmission.io/ai-assisted\":")),
        Edge("an annotation twice, once by escapes", "stands twice", ns => Sound(ns).Bytes(
            "\"changeadmission.io/ai-assisted\":", "\"changeadmission.io/\\u0061i-assisted\":\"true\",\"changeadmission.io/ai-assisted\":")),
        Edge("a key twice deep in the template", "stands twice", ns => Sound(ns).Bytes("\"image\":", "\"image\":\"a\",\"image\":")),
        Edge("a nesting of 10,000 lists", "nested deeper", ns => Nested(ns, "[", "]")),
        Edge("a nesting of 10,000 objects", "nested deeper", ns => Nested(ns, "{\"a\":", "}", "1")),
        Edge("a nesting that never ends", "nested deeper", _ => Encoding.ASCII.GetBytes("{\"a\":" + new string('[', 100_000))),
        Edge("bytes that are no UTF-8", "UTF-8", ns => Broken(ns, 0xff)),
        Edge("a byte that UTF-8 never has first", "UTF-8", ns => Broken(ns, 0x80)),
        Edge("UTF-16", "UTF-8", ns => [0xff, 0xfe, .. Encoding.Unicode.GetBytes(Sound(ns).ToJsonString())]),
        Edge("a byte order mark", "not JSON", ns => [0xef, 0xbb, 0xbf, .. Sound(ns).Bytes()]),
        Edge("a template that is text", "spec.template is not an object", ns =>
            Sound(ns).With(r => r["object"]!["spec"]!["template"] = "yes").Bytes()),
        Edge("one byte more than 7 MiB", "larger than 7340032 bytes", ns => Padded(ns, MaxBody + 1)),

        Inner("half a surrogate pair in an annotation", "not valid Unicode", ns => Sound(ns).Bytes("\"false\"", "\"\\ud800\"")),
        Inner("an object that is null", "request.object is missing", ns => Sound(ns).With(r => r["object"] = null).Bytes()),
        Inner("no object", "request.object is missing", ns => Sound(ns).With(r => r.Remove("object")).Bytes()),
        Inner("an old object that is null in an update", "oldObject is missing", ns =>
            Sound(ns).With(r => r["operation"] = "UPDATE").Bytes()),
        Inner("an object without a template", "no spec.template", ns =>
            Sound(ns).With(r => r["object"]!["spec"]!.AsObject().Remove("template")).Bytes()),
        Inner("an object without a spec", "no spec.template", ns => Sound(ns).With(r => r["object"]!.AsObject().Remove("spec")).Bytes()),
        Inner("an object without a name", "no metadata.name", ns =>
            Sound(ns).With(r => r["object"]!["metadata"]!.AsObject().Remove("name")).Bytes()),
        Inner("a name that is a path", "not a name that Kubernetes allows", ns =>
            Sound(ns).With(r => r["object"]!["metadata"]!["name"] = "../../secrets").Bytes()),
        Inner("no namespace", "namespace is missing", ns => Sound(ns).With(r => r.Remove("namespace")).Bytes()),
        Inner("a namespace that is a path", "not a name that Kubernetes allows", ns =>
            Sound(ns).With(r => r["namespace"] = "../../version").Bytes()),
        Inner("a namespace that does not exist", "unavailable", ns => Sound(ns).With(r => r["namespace"] = "nowhere-at-all").Bytes()),
        Inner("an operation that nobody knows", "not CREATE or UPDATE", ns => Sound(ns).With(r => r["operation"] = "PATCH").Bytes()),
        Inner("another kind", "not Deployment, StatefulSet or DaemonSet", ns =>
            Sound(ns).With(r => r["kind"]!["kind"] = "Job").Bytes()),
        Inner("another group", "not Deployment, StatefulSet or DaemonSet", ns =>
            Sound(ns).With(r => r["kind"]!["group"] = "extensions").Bytes()),
        Inner("a subresource that nobody knows", "subresource", ns => Sound(ns).With(r => r["subResource"] = "exec").Bytes()),
        Inner("an annotation that is a number", "annotations", ns => Annotated(ns, "example.com/a", JsonValue.Create(1))),
        Inner("an annotation of 256 KiB", "more than 256 KiB", ns => Annotated(ns, "example.com/a", new string('a', 256 * 1024))),
        Inner("an approval of 256 KiB", "longer than 4096 bytes", ns =>
            Annotated(ns, "changeadmission.io/senior-approval", new string('a', 256 * 1024 - 100))),
        Inner("an author of 200 KiB", "longer than 1024 characters", ns =>
            Annotated(ns, "changeadmission.io/author", new string('a', 200 * 1024))),
        .. LookAlikes.Select(key => Inner($"the key {key}", "invalid: metadata.annotations has", ns => Annotated(ns, key, "true"))),
        .. LookAlikes.Select(key => Inner($"the key {key} on the template", "invalid: spec.template.metadata.annotations has", ns =>
            Sound(ns).With(r => r["object"]!["spec"]!["template"]!["metadata"]!["annotations"]![key] = "true").Bytes())),
    ];

    public static JsonObject Sound(TestNamespace ns) => Review.Of(Payments, ns);

    /// <summary>A sound review, made longer by an annotation outside of what is looked at.</summary>
    public static byte[] Padded(TestNamespace ns, int length)
    {
        var bytes = Sound(ns).Bytes();
        return [.. bytes[..^1], .. Enumerable.Repeat((byte)' ', length - bytes.Length), bytes[^1]];
    }

    // In other letters, with other marks, with nothing to be seen: all of them a declaration that would not be read.
    private static string[] LookAlikes =>
    [
        "changeadmission.io/ai_assisted",
        "changeadmission.io/AI-Assisted",
        "changeadmission.io/aiassisted",
        "changeadmission.io/ai-asissted",
        "ChangeAdmission.io/ai-assisted",
        "changeadmission.io/ai-ass1sted",
        "changeadmisson.io/ai-assisted",
        "changeadmission.io/ai-assisted ",
        "changeadmission.io/ai-assisted\u200b",
        "changeadmissi\u043en.io/ai-assisted",
    ];

    private static BadBody Edge(string name, string problem, Func<TestNamespace, byte[]> make) => new(name, problem, make) { IsAtTheEdge = true };

    private static BadBody Inner(string name, string problem, Func<TestNamespace, byte[]> make) => new(name, problem, make);

    private static byte[] Annotated(TestNamespace ns, string key, JsonNode value) =>
        Sound(ns).With(r => r["object"]!["metadata"]!["annotations"]![key] = value).Bytes();

    private static byte[] Nested(TestNamespace ns, string open, string close, string innermost = "")
    {
        var nested = string.Concat(Enumerable.Repeat(open, 10_000)) + innermost + string.Concat(Enumerable.Repeat(close, 10_000));
        return Sound(ns).Bytes("\"dryRun\":true", $"\"options\":{nested}");
    }

    private static byte[] Broken(TestNamespace ns, byte bad)
    {
        var bytes = Sound(ns).Bytes("\"false\"", "\"fa?se\"");
        bytes[bytes.AsSpan().IndexOf("fa?se"u8) + 2] = bad;
        return bytes;
    }
}
