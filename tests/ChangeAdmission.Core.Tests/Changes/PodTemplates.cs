using System.Text.Json.Nodes;
using CsCheck;

namespace ChangeAdmission.Core.Tests.Changes;

/// <summary>Random pod templates, with values that are defaults as often as values that are not.</summary>
internal static class PodTemplates
{
    private static readonly Gen<string> Words = Gen.OneOf("a", "b", "web", "10", "true", "", "ü🚀", "a\"b\\c", "line\nbreak", "\u0001");

    private static readonly Gen<JsonNode?> Quantities = Gen.OneOf("\"100m\"", "\"0.5\"", "1", "0.25", "\"1024Mi\"", "\"1Gi\"", "\"0\"")
        .Select(text => JsonNode.Parse(text));

    private static readonly Gen<JsonNode?> Resources = Object(
        ("limits", Object(("cpu", Quantities), ("memory", Quantities))),
        ("requests", Object(("cpu", Quantities), ("example.com/gpu", Quantities))));

    private static readonly Gen<JsonNode?> HttpGet = Object(
        ("port", Json("80", "\"http\"")), ("path", Json("\"/\"", "\"/live\"", "\"\"")), ("scheme", Json("\"HTTP\"", "\"HTTPS\"")),
        ("httpHeaders", List(Object(("name", Text), ("value", Text)))));

    private static readonly Gen<JsonNode?> Probe = Object(
        ("httpGet", HttpGet), ("timeoutSeconds", Json("1", "5")), ("periodSeconds", Json("10", "20")),
        ("failureThreshold", Json("3", "30")), ("initialDelaySeconds", Json("0", "15")), ("grpc", Object(("port", Json("9")))));

    private static readonly Gen<JsonNode?> Env = Object(
        ("name", Text), ("value", Text),
        ("valueFrom", Object(
            ("fieldRef", Object(("fieldPath", Text), ("apiVersion", Json("\"v1\"", "\"v2\"")))),
            ("resourceFieldRef", Object(("resource", Text), ("divisor", Json("\"0\"", "\"1m\"", "0")))))));

    private static readonly Gen<JsonNode?> Container = Object(
        ("name", Text), ("image", Json("\"a\"", "\"a:1\"", "\"a:latest\"", "\"r.io:5000/a/b:2\"")),
        ("imagePullPolicy", Json("\"Always\"", "\"IfNotPresent\"", "\"Never\"")), ("command", List(Text)), ("args", List(Text)),
        ("env", List(Env)), ("resources", Resources), ("livenessProbe", Probe), ("readinessProbe", Probe),
        ("lifecycle", Object(("preStop", Object(("httpGet", HttpGet))))), ("tty", Flag), ("stdin", Flag),
        ("ports", List(Object(
            ("containerPort", Json("80", "443")), ("hostPort", Json("0", "80", "443")), ("protocol", Json("\"TCP\"", "\"UDP\"")), ("name", Text)))),
        ("terminationMessagePath", Json("\"/dev/termination-log\"", "\"/log\"")), ("workingDir", Text),
        ("securityContext", Object(("runAsUser", Json("0", "1000")), ("privileged", Flag), ("capabilities", Object(("drop", List(Text)))))),
        ("volumeMounts", List(Object(("name", Text), ("readOnly", Flag), ("subPath", Text)))));

    private static readonly Gen<JsonNode?> Volume = Object(
        ("name", Text),
        ("emptyDir", Object(("medium", Json("\"\"", "\"Memory\"")), ("sizeLimit", Quantities))),
        ("secret", Object(("secretName", Text), ("defaultMode", Json("420", "256")), ("optional", Flag))),
        ("hostPath", Object(("path", Text), ("type", Json("\"\"", "\"Socket\"")))),
        ("projected", Object(("sources", List(Object(("serviceAccountToken", Object(("expirationSeconds", Json("3600", "600"))))))))),
        ("ephemeral", Object(("volumeClaimTemplate", Object(("spec", Object(("volumeMode", Json("\"Filesystem\"", "\"Block\"")))))))));

    public static readonly Gen<JsonObject> Any = Object(
        ("metadata", Object(("labels", Map), ("annotations", Map), ("name", Text))),
        ("spec", Object(
            ("containers", List(Container)), ("initContainers", List(Container)), ("volumes", List(Volume)),
            ("hostNetwork", Flag), ("hostPID", Flag), ("restartPolicy", Json("\"Always\"", "\"Never\"")),
            ("dnsPolicy", Json("\"ClusterFirst\"", "\"None\"")), ("terminationGracePeriodSeconds", Json("30", "0", "60")),
            ("serviceAccountName", Text), ("nodeSelector", Map), ("enableServiceLinks", Flag),
            ("securityContext", Object(("runAsUser", Json("0", "1000")), ("supplementalGroups", List(Json("1", "2"))))),
            ("tolerations", List(Object(("key", Text), ("operator", Json("\"Exists\"", "\"Equal\""))))),
            ("affinity", Object(("podAntiAffinity", Object(("requiredDuringSchedulingIgnoredDuringExecution",
                List(Object(("topologyKey", Text), ("labelSelector", Object(("matchLabels", Map)))))))))),
            ("overhead", Object(("cpu", Quantities)))))).Select(node => node!.AsObject());

    private static Gen<JsonNode?> Text => Words.Select(word => (JsonNode?)JsonValue.Create(word));

    private static Gen<JsonNode?> Flag => Json("true", "false");

    private static Gen<JsonNode?> Map => Object(("a", Text), ("b", Text), ("app.kubernetes.io/name", Text), ("ü", Text));

    private static Gen<JsonNode?> Json(params string[] values) => Gen.OneOf(values).Select(value => JsonNode.Parse(value));

    private static Gen<JsonNode?> List(Gen<JsonNode?> item) =>
        item.Array[0, 3].Select(items => (JsonNode?)new JsonArray([.. items.Select(element => element?.DeepClone())]));

    // Each field is there every other time.
    private static Gen<JsonNode?> Object(params (string Name, Gen<JsonNode?> Value)[] fields)
    {
        var members = fields.Select(field => Gen.Select(Gen.Bool, field.Value, (there, value) => (field.Name, There: there, Value: value)));
        return members.Aggregate(
            Gen.Const(() => new JsonObject()),
            (all, next) => Gen.Select(all, next, (built, member) =>
            {
                if (member.There)
                    built[member.Name] = member.Value?.DeepClone();
                return built;
            })).Select(built => (JsonNode?)built);
    }
}
