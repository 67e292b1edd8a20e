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

/// <summary>A cluster list that is not the cluster's would look for voters and replicas where there are none.</summary>
internal static class Founding
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(200);

    /// <summary>Waits until the cluster can say who founded it.</summary>
    /// <exception cref="UsageException">It was founded by others than the command line says.</exception>
    public static async Task CheckAsync(SiloCluster cluster, CommandLine options, CancellationToken cancellationToken)
    {
        while (true)
        {
            var names = await TryAskAsync(cluster, options);
            if (names is not null && names != options.FounderNames)
            {
                throw new UsageException($"--cluster names {options.FounderNames}; this cluster was founded by {names}. Give each node the same list, for ever.");
            }

            if (names is not null)
            {
                return;
            }

            await Task.Delay(RetryAfter, cancellationToken);
        }
    }

    private static async Task<string?> TryAskAsync(SiloCluster cluster, CommandLine options)
    {
        try
        {
            return cluster.AnySilo() is { } silo
                ? await silo.GetRequiredService<IGrainFactory>().GetGrain<IFoundingGrain>(0).Names(options.FounderNames, options.IsFounder)
                : null;
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
