using Orleans.Storage;

namespace KeyValueStore;

/// <summary>The names of the silos that founded the cluster, kept in the cluster: whoever was started with others is told so.</summary>
[Alias("kv-founding")]
internal interface IFoundingGrain : IGrainWithIntegerKey
{
    /// <summary>The names as they were noted; a founder notes its own list if there is none. Null if there is none yet.</summary>
    [Alias("names")]
    Task<string?> Names(string own, bool isFounder);
}

/// <inheritdoc cref="IFoundingGrain"/>
[GrainType("kv-founding")]
internal sealed class FoundingGrain([PersistentState("names", SiloHost.Provider)] IPersistentState<FounderNames> names) : Grain, IFoundingGrain
{
    public async Task<string?> Names(string own, bool isFounder)
    {
        if (!names.RecordExists && isFounder)
        {
            try
            {
                names.State = new FounderNames { Names = own };
                await names.WriteStateAsync();
            }
            catch (InconsistentStateException)
            {
                // Another founder was first, by way of another activation.
                await names.ReadStateAsync();
            }
            catch
            {
                DeactivateOnIdle();
                throw;
            }
        }

        return names.RecordExists ? names.State.Names : null;
    }
}

/// <summary>What is stored of the founding.</summary>
[GenerateSerializer]
[Alias("kv-founder-names")]
internal sealed class FounderNames
{
    /// <summary>Names, separated by commas.</summary>
    [Id(0)]
    public string Names { get; set; } = "";
}

/// <summary>
/// The lists with which the founders were started, in memory, for the time before the cluster is born: until then nothing can be stored.
/// </summary>
[Alias("kv-roll-call")]
internal interface IRollCallGrain : IGrainWithIntegerKey
{
    /// <summary>Notes with which list a node was started, and gives the list of most founders; null while there is none.</summary>
    [Alias("answer")]
    Task<string?> Answer(string node, string list, bool isFounder);
}

/// <inheritdoc cref="IRollCallGrain"/>
[GrainType("kv-roll-call")]
internal sealed class RollCallGrain : Grain, IRollCallGrain
{
    private readonly Dictionary<string, string> _lists = new(StringComparer.Ordinal);

    public Task<string?> Answer(string node, string list, bool isFounder)
    {
        if (isFounder)
        {
            _lists[node] = list;
        }

        // More than half of those that the list itself names: two such lists that differ can't be.
        return Task.FromResult(_lists.GroupBy(pair => pair.Value).FirstOrDefault(group => group.Count() * 2 > group.Key.Split(',').Length)?.Key);
    }
}

/// <summary>A cluster list that is not the cluster's would look for voters and replicas where there are none.</summary>
internal static class Founding
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(200);

    /// <summary>Waits until the cluster can say who founded it.</summary>
    /// <exception cref="UsageException">It was founded, or is being founded, by others than the command line says.</exception>
    public static async Task CheckAsync(SiloCluster cluster, CommandLine options, CancellationToken cancellationToken)
    {
        while (true)
        {
            var noted = await TryAskAsync(cluster, grains => grains.GetGrain<IFoundingGrain>(0).Names(options.FounderNames, options.IsFounder));
            if (noted is not null && noted != options.FounderNames)
            {
                throw new UsageException($"--cluster names {options.FounderNames}; this cluster was founded by {noted}. Give each node the same list, for ever.");
            }

            if (noted is not null)
            {
                return;
            }

            var told = await TryAskAsync(cluster, grains => grains.GetGrain<IRollCallGrain>(0).Answer(options.Local[0].Name, options.FounderNames, options.IsFounder));
            if (told is not null && told != options.FounderNames)
            {
                throw new UsageException($"--cluster names {options.FounderNames}; most of the others were started with {told}. Give each node the same list, for ever.");
            }

            await Task.Delay(RetryAfter, cancellationToken);
        }
    }

    /// <summary>Lines about nodes that are elsewhere than the list says. An address may change, a name may not.</summary>
    public static async Task<IEnumerable<string>> FindMovedAsync(KeyValueClient client, CommandLine options)
    {
        try
        {
            var silos = (await client.Management().GetSilosAsync()).Where(silo => silo.IsAnswering && silo.Address is not null);
            return [.. from silo in silos
                       join founder in options.Founders on silo.Silo equals founder.Name
                       let at = silo.Address!.Split('@')[0]
                       let said = founder.TryResolve()
                       where said is not null && at != $"{said}:{founder.Port}"
                       select $"--cluster says {founder}; {founder.Name} runs at {at}, which is used. Make the lists equal when you can."];
        }
        catch (Exception exception) when (Failure.IsExpected(exception))
        {
            // Only a hint; whoever needs the others' answers gets an error of his own.
            return [];
        }
    }

    private static async Task<string?> TryAskAsync(SiloCluster cluster, Func<IGrainFactory, Task<string?>> ask)
    {
        try
        {
            return cluster.AnySilo() is { } silo ? await ask(silo.GetRequiredService<IGrainFactory>()) : null;
        }
        catch (Exception exception) when (Failure.IsExpected(exception))
        {
            // No majority yet.
            return null;
        }
    }
}

/// <summary>What was asked for can't be meant; said in one line, with exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
