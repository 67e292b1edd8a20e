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

    /// <summary><c>NAME/INDEX/leader/SILO</c>; the slash within a group's name may be escaped or not.</summary>
    private Task HandleGroupAsync(HttpContext context, string[] parts)
    {
        string[] words = [.. parts.SelectMany(part => part.Split('/'))];
        return words is [var name, var number, "leader", var silo] && int.TryParse(number, out var index) && index >= 0
            ? Only(context, HttpMethods.Post, () => DoAsync(context, () => client.Management().TransferLeadershipAsync(name, index, silo)))
            : NothingHereAsync(context);
    }

    private Task HandleSiloAsync(HttpContext context, string[] parts)
    {
        if (parts is not [var name, "stop" or "start"])
        {
            return NothingHereAsync(context);
        }

        return cluster.IsLocal(name)
            ? Only(context, HttpMethods.Post, () => DoAsync(
                context, () => parts[1] == "stop" ? cluster.StopAsync(name) : cluster.StartAsync(name, context.RequestAborted)))
            : Problem.WriteAsync(context, 404, $"Silos of this process are {string.Join(", ", cluster.Local.Select(node => node.Name))}.");
    }

    /// <summary>Does something that may be refused for good: then it is a conflict with how things are.</summary>
    private static async Task DoAsync(HttpContext context, Func<Task> action)
    {
        try
        {
            await action();
            context.Response.StatusCode = 204;
        }
        catch (RaftException exception) when (exception is not (RaftUnavailableException or RaftBusyException))
        {
            await Problem.WriteAsync(context, 409, exception.Message);
        }
    }

    private static string Lower<T>(T value) => $"{value}".ToLowerInvariant();
}
