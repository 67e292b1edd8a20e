using System.Globalization;
using Orleans.Raft;

namespace KeyValueStore;

/// <content>What the groups and silos do, and moving leaders; thin: the work is the management grain's.</content>
internal sealed partial class HttpApi
{
    private const string GroupsPath = "/raft/groups";
    private const string SilosPath = "/raft/silos";

    private Task HandleRaftAsync(HttpContext context, string path)
    {
        if (path == GroupsPath)
        {
            return Only(context, HttpMethods.Get, () => GroupsAsync(context));
        }

        if (path == SilosPath)
        {
            return Only(context, HttpMethods.Get, () => SilosAsync(context));
        }

        var isOfSilo = path.StartsWith(SilosPath + "/", StringComparison.Ordinal);
        var parts = path[((isOfSilo ? SilosPath : GroupsPath).Length + 1)..].Split('/').Select(Uri.UnescapeDataString).ToArray();
        return isOfSilo ? HandleSiloAsync(context, parts) : HandleGroupAsync(context, parts);
    }

    private async Task GroupsAsync(HttpContext context)
    {
        var groups = await client.Management().GetGroupsAsync();
        await context.Response.WriteAsJsonAsync(groups.Select(group => new
        {
            group = $"{group.Name}/{group.Index}",
            leader = group.Leader,
            term = group.Term,
            commit = group.Committed,
            applied = group.Applied,
            replicas = group.Replicas.Select(replica => new
            {
                silo = replica.Silo,
                replica = replica.Replica,
                role = Lower(replica.Role),
                match = replica.Match,
                applied = replica.Applied,
                state = replica.State,
                lag = replica.Lag,
            }),
        }));
    }

    private async Task SilosAsync(HttpContext context)
    {
        var silos = await client.Management().GetSilosAsync();
        await context.Response.WriteAsJsonAsync(silos.Select(silo => new
        {
            silo = silo.Silo,
            address = silo.Address,
            status = cluster.IsLocal(silo.Silo) && !cluster.IsRunning(silo.Silo) ? "stopped" : silo.IsAnswering ? Lower(silo.Status) : "silent",
            leads = silo.Leads,
            replicas = silo.Replicas,
            waits = silo.Waits,
            local = cluster.IsLocal(silo.Silo),
        }));
    }

    /// <summary><c>NAME/INDEX/leader/SILO</c> and <c>NAME/INDEX/checksum</c>; the slash within a group's name may be escaped or not.</summary>
    private Task HandleGroupAsync(HttpContext context, string[] parts)
    {
        string[] words = [.. parts.SelectMany(part => part.Split('/'))];
        if (words is not [var name, var number, ..] || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
        {
            return NothingHereAsync(context);
        }

        return words[2..] switch
        {
            ["leader", var silo] => Only(context, HttpMethods.Post, () => DoAsync(
                context, () => client.Management().TransferLeadershipAsync(name, index, silo))),
            ["checksum"] => Only(context, HttpMethods.Get, () => AnswerAsync(
                context, 200, async () => Checksums(await client.Management().GetChecksumsAsync(name, index)))),
            _ => NothingHereAsync(context),
        };
    }

    private static IEnumerable<Dictionary<string, object?>> Checksums(IEnumerable<RaftChecksum> checksums) => checksums.Select(checksum =>
    {
        var fields = new Dictionary<string, object?> { ["silo"] = checksum.Silo, ["applied"] = checksum.Applied, ["sha256"] = checksum.Sha256 };
        if (checksum.Error.Length > 0)
        {
            fields["error"] = checksum.Error;
        }

        return fields;
    });

    private Task HandleSiloAsync(HttpContext context, string[] parts) => parts switch
    {
        [var name] when HttpMethods.IsPost(context.Request.Method) =>
            AnswerAsync(context, 202, async () => new { replicas = await client.Management().AddSiloAsync(name) }),
        [var name] when HttpMethods.IsDelete(context.Request.Method) =>
            AnswerAsync(context, 202, async () => new { replicas = await client.Management().RemoveSiloAsync(name) }),
        [_] => MethodNotAllowedAsync(context, "POST, DELETE"),
        [var name, "stop" or "start"] when !cluster.IsLocal(name) =>
            Problem.WriteAsync(context, 404, $"Silos of this process are {string.Join(", ", cluster.Local.Select(node => node.Name))}."),
        [var name, var verb and ("stop" or "start")] => Only(context, HttpMethods.Post, () => DoAsync(
            context, () => verb == "stop" ? cluster.StopAsync(name) : cluster.StartAsync(name, context.RequestAborted))),
        _ => NothingHereAsync(context),
    };

    private static Task AnswerAsync(HttpContext context, int status, Func<Task<object>> ask) => TryAsync(context, async () =>
    {
        var answer = await ask();
        context.Response.StatusCode = status;
        await context.Response.WriteAsJsonAsync(answer);
    });

    private static Task DoAsync(HttpContext context, Func<Task> action) => TryAsync(context, async () =>
    {
        await action();
        context.Response.StatusCode = 204;
    });

    /// <summary>Does something that may be refused for good: then it is a conflict with how things are.</summary>
    private static async Task TryAsync(HttpContext context, Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (RaftException exception) when (exception is not (RaftUnavailableException or RaftBusyException))
        {
            await Problem.WriteAsync(context, 409, exception.Message);
        }
    }

    private static string Lower<T>(T value) => $"{value}".ToLowerInvariant();
}
