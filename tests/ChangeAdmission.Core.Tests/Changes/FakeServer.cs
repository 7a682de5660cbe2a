using System.Text.Json;
using System.Text.Json.Nodes;

namespace ChangeAdmission.Core.Tests.Changes;

/// <summary>
/// Fills in what an API server fills in, written after its defaults.go from the other side than the table: by adding, not by
/// dropping, and with nothing of the table's code.
/// </summary>
internal static class FakeServer
{
    public static JsonObject Store(JsonObject submitted)
    {
        var template = submitted.DeepClone().AsObject();
        var metadata = Default(template, "metadata", new JsonObject()).AsObject();
        metadata["creationTimestamp"] = null;
        if (template["spec"] is not JsonObject spec)
            return template;

        Default(spec, "restartPolicy", "Always");
        Default(spec, "dnsPolicy", "ClusterFirst");
        Default(spec, "schedulerName", "default-scheduler");
        Default(spec, "terminationGracePeriodSeconds", 30);
        Default(spec, "securityContext", new JsonObject());
        Default(spec, "hostPID", false);
        if (spec["serviceAccountName"] is JsonValue account)
            Default(spec, "serviceAccount", account.GetValue<string>());
        Resources(spec["overhead"]);
        foreach (var container in Elements(spec, "containers").Concat(Elements(spec, "initContainers")))
            StoreContainer(container, spec["hostNetwork"]?.GetValue<bool>() == true);
        foreach (var volume in Elements(spec, "volumes"))
            StoreVolume(volume);
        return template;
    }

    private static void StoreContainer(JsonObject container, bool hostNetwork)
    {
        if (container["image"]?.GetValue<string>() is { } image)
            Default(container, "imagePullPolicy", image is "a" or "a:latest" ? "Always" : "IfNotPresent");
        Default(container, "terminationMessagePath", "/dev/termination-log");
        Default(container, "terminationMessagePolicy", "File");
        var resources = Default(container, "resources", new JsonObject()).AsObject();
        Resources(resources["limits"]);
        Resources(resources["requests"]);
        foreach (var port in Elements(container, "ports"))
        {
            Default(port, "protocol", "TCP");
            if (hostNetwork && port["containerPort"] is { } number && (port["hostPort"]?.GetValue<int>() ?? 0) == 0)
                port["hostPort"] = number.DeepClone();
        }
        foreach (var env in Elements(container, "env"))
        {
            if (env["valueFrom"]?["fieldRef"] is JsonObject field)
                Default(field, "apiVersion", "v1");
            if (env["valueFrom"]?["resourceFieldRef"] is JsonObject resource)
                Quantity(resource, "divisor", Default(resource, "divisor", "0"));
        }
        foreach (var name in new[] { "livenessProbe", "readinessProbe" })
            if (container[name] is JsonObject probe)
            {
                Default(probe, "timeoutSeconds", 1);
                Default(probe, "periodSeconds", 10);
                Default(probe, "successThreshold", 1);
                Default(probe, "failureThreshold", 3);
                if (probe["grpc"] is JsonObject grpc)
                    Default(grpc, "service", "");
                HttpGet(probe);
            }
        if (container["lifecycle"]?["preStop"] is JsonObject hook)
            HttpGet(hook);
    }

    private static void HttpGet(JsonObject handler)
    {
        if (handler["httpGet"] is not JsonObject action)
            return;
        if (Default(action, "path", "/").GetValue<string>().Length == 0)
            action["path"] = "/";
        Default(action, "scheme", "HTTP");
    }

    private static void StoreVolume(JsonObject volume)
    {
        if (volume.All(member => member.Key == "name"))
            volume["emptyDir"] = new JsonObject();
        if (volume["emptyDir"] is JsonObject emptyDir && emptyDir["sizeLimit"] is { } limit)
            Quantity(emptyDir, "sizeLimit", limit);
        if (volume["secret"] is JsonObject secret)
            Default(secret, "defaultMode", 420);
        if (volume["hostPath"] is JsonObject hostPath)
            Default(hostPath, "type", "");
        if (volume["projected"] is JsonObject projected)
        {
            Default(projected, "defaultMode", 420);
            foreach (var source in Elements(projected, "sources"))
                if (source["serviceAccountToken"] is JsonObject token)
                    Default(token, "expirationSeconds", 3600);
        }
        if (volume["ephemeral"]?["volumeClaimTemplate"] is JsonObject claim)
        {
            Default(claim, "metadata", new JsonObject { ["creationTimestamp"] = null });
            if (claim["spec"] is JsonObject spec)
            {
                Default(spec, "volumeMode", "Filesystem");
                Default(spec, "resources", new JsonObject());
            }
        }
    }

    private static void Resources(JsonNode? list)
    {
        if (list is JsonObject resources)
            foreach (var (name, value) in resources.ToList())
                Quantity(resources, name, value!);
    }

    // The few that PodTemplates writes.
    private static void Quantity(JsonObject parent, string name, JsonNode value) => parent[name] = value.ToString() switch
    {
        "0.5" => "500m",
        "0.25" => "250m",
        "1024Mi" => "1Gi",
        var canonical => canonical,
    };

    private static JsonNode Default(JsonObject parent, string name, JsonNode value)
    {
        if (parent[name] is null)
            parent[name] = value;
        return parent[name]!;
    }

    private static IEnumerable<JsonObject> Elements(JsonObject parent, string name) =>
        parent[name] is JsonArray list ? list.OfType<JsonObject>() : [];
}
