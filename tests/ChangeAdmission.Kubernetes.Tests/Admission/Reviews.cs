using System.Text;

namespace ChangeAdmission.Kubernetes.Tests.Admission;

/// <summary>Reviews as an API server sends them, with places to break.</summary>
internal static class Reviews
{
    public const string Template = """{"metadata":{"annotations":{"a":"b"},"labels":{"app":"p"}},"spec":{"containers":[{"name":"p","image":"p:1"}]}}""";

    public static byte[] Update(
        string? template = null,
        string? oldTemplate = null,
        string annotations = "{}",
        string oldAnnotations = "{}",
        string extra = "") => Encoding.UTF8.GetBytes(
        $$$"""
        {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","unknown":{"fields":[1,{"are":"fine"}]},"request":{"uid":"u-1",
        "kind":{"group":"apps","version":"v1","kind":"Deployment"},"resource":{"group":"apps","version":"v1","resource":"deployments"},
        "name":"payments","namespace":"shop","operation":"UPDATE","userInfo":{"username":"dev","groups":["developers"],"extra":{"k":["v"]}},
        "object":{{{Deployment(template ?? Template, annotations)}}},"oldObject":{{{Deployment(oldTemplate ?? Template, oldAnnotations)}}},
        "dryRun":false{{{extra}}} }}
        """);

    public static string Deployment(string template, string annotations) =>
        $$$"""{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"payments","namespace":"shop","uid":"w-1","generation":7,"annotations":{{{annotations}}} },"spec":{"replicas":2,"template":{{{template}}} },"status":{"replicas":2}}""";

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static byte[] Replaced(string part, string by) =>
        Encoding.UTF8.GetString(Update()).Contains(part, StringComparison.Ordinal)
            ? Bytes(Encoding.UTF8.GetString(Update()).Replace(part, by, StringComparison.Ordinal))
            : throw new ArgumentException($"the review does not hold {part}");
}
