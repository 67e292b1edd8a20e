using Microsoft.Extensions.DependencyInjection;
using Orleans.Raft.Wire;
using Orleans.Runtime;

namespace Orleans.Raft.Hosting;

/// <content>The cluster's birth, and following what its meta group decides.</content>
internal sealed partial class RaftHost
{
    private static readonly TimeSpan FollowInterval = TimeSpan.FromSeconds(1);

    // Whichever is newer: the own replica of the meta group may lag or have been removed.
    private Catalog? Catalog => _meta?.Catalog is { } own && own.Version >= (_fetched?.Version ?? -1) ? own : _fetched;

    /// <summary>Answers another silo's question about the birth.</summary>
    public BirthAnswer AnswerBirth(BirthQuestion question)
    {
        _silos.Heard(question.Silo, question.Address);
        return (_clerk ?? throw new RaftUnavailableException($"The silo {Silo} has not opened its store yet.")).Answer(_genesis);
    }

    /// <summary>The catalog as known here, for silos without a replica of the meta group.</summary>
    public CatalogAnswer AnswerCatalog(long knownVersion) =>
        new(Catalog is { } catalog && catalog.Version > knownVersion ? MetaCodec.Encode(catalog) : [], _hasCatalog);

    private async Task FollowAsync(CancellationToken stopping)
    {
        try
        {
            if (_genesis is null)
            {
                await AwaitBirthAsync(stopping);
            }

            while (!stopping.IsCancellationRequested)
            {
                // The next change is waited for before the present state is looked at, so that none is missed.
                var next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                Volatile.Write(ref _catalogChanged, next);
                await FollowCatalogAsync(stopping);
                await Task.WhenAny(next.Task, Task.Delay(FollowInterval, _time, stopping));
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The silo stops.
        }
        catch (Exception exception)
        {
            // Groups that are open go on; new ones will not come. Said loudly, since nothing will mend it but a restart.
            _waitsFor = $"it has stopped following the catalog: {exception.Message}";
            LogFollowingFailed(_logger, Silo, exception);
        }
    }

    private async Task AwaitBirthAsync(CancellationToken stopping)
    {
        var said = "";
        while (true)
        {
            var outcome = await _clerk!.AskRoundAsync();
            if (outcome.Genesis is { } genesis)
            {
                // Synced before anybody is told and before this silo votes.
                await OpenMetaAsync(_store!, genesis, FoundingReplica(genesis), stopping);
                await OpenOtherGroupsAsync(_store!, stopping);
                if (_metaRecord!.Replica.IsNone)
                {
                    LogNoFounder(_logger, Silo, genesis.Incarnation);
                }

                LogBorn(_logger, Silo, genesis.Incarnation, outcome.IsNew, genesis.Silos.Length);
                OpenLanes(genesis);
                return;
            }

            _waitsFor = outcome.WaitsFor!;
            if (!string.Equals(said, _waitsFor, StringComparison.Ordinal))
            {
                said = _waitsFor;
                LogWaits(_logger, Silo, said);
            }

            await Task.Delay(_options.TickInterval * 5, _time, stopping);
        }
    }

    private void OpenLanes(Genesis genesis)
    {
        if (BirthClerk.IsOther(genesis, _options.InitialSilos))
        {
            LogInitialSilosDiffer(_logger, Silo, string.Join(", ", _options.InitialSilos), string.Join(", ", genesis.Silos.Select(silo => silo.Silo)));
        }

        _lanes = new LaneHub(
            LaneSettings(genesis.Incarnation),
            new GrainCallTransport(_services.GetRequiredService<RaftEndpointClient>(), _silos),
            _endpoint,
            _clock,
            this,
            this)
        {
            Phase = _phase,
        };
        foreach (var silo in genesis.Silos)
        {
            if (!string.Equals(silo.Silo, Silo, StringComparison.Ordinal))
            {
                _lanes.To(silo.Silo);
            }
        }

        _waitsFor = "the meta group has no leader yet, or has not created the family";
    }

    private async Task FollowCatalogAsync(CancellationToken stopping)
    {
        // Who holds no replica of the meta group has to ask; who holds one asks too, now and then, since it may have been removed without hearing of it.
        if (_meta is null || _round++ % 5 == 0)
        {
            await FetchCatalogAsync();
        }

        if (Catalog is not { } catalog)
        {
            return;
        }

        CheckBinding(catalog);
        if (catalog.FeatureLevel > FeatureLevels.Known && _compared.Add("$feature level"))
        {
            LogClusterTooNew(_logger, Silo, catalog.FeatureLevel, FeatureLevels.Known);
        }

        foreach (var family in catalog.Families)
        {
            if (_known.TryAdd(family.Name, family) || !_groups.ContainsKey(new RaftGroupId(family.Name, family.Groups - 1)))
            {
                await MakeFamilyAsync(catalog, family, stopping);
            }

            ReportDifference(family);
        }

        await FollowPlacementsAsync(catalog, stopping);
        await IntroduceAsync(catalog, stopping);
        if (_isAnnounced)
        {
            await CreateMissingAsync(catalog, stopping);
        }
    }

    private async Task CreateMissingAsync(Catalog catalog, CancellationToken stopping)
    {
        var missing = _families.Values.Where(family => !catalog.Families.Any(known => string.Equals(known.Name, family.Name, StringComparison.Ordinal)));
        foreach (var family in missing)
        {
            await TryAsync(client => client.ProposeAsync(MetaCodec.Encode(new MetaCommand { Create = CatalogGroups.Wish(family) }), stopping));
        }
    }

    private async Task<ReadOnlyMemory<byte>?> TryAsync(Func<GroupClient, Task<ReadOnlyMemory<byte>>> call)
    {
        try
        {
            return await call(_groups[CatalogGroups.MetaId].Client);
        }
        catch (OrleansException exception)
        {
            // No majority yet, or an unknown outcome: every command of the meta group may be repeated.
            _waitsFor = exception.Message;
            return null;
        }
    }

    // Any silo that membership shows may know the way (SAFETY-RULES B10): those of the genesis may all be gone.
    private async Task FetchCatalogAsync()
    {
        var endpoints = _services.GetRequiredService<RaftEndpointClient>();
        var names = _genesis!.Silos.Concat(Catalog?.Silos ?? []).Select(silo => silo.Silo).Concat(_silos.Members.Keys).Distinct(StringComparer.Ordinal);
        foreach (var silo in names.OrderBy(_ => Random.Shared.Next()))
        {
            if (_silos.Find(silo) is not { } address || string.Equals(silo, Silo, StringComparison.Ordinal))
            {
                continue;
            }

            try
            {
                var answer = await endpoints.On(address).CatalogAsync(Catalog?.Version ?? -1).WaitAsync(FollowInterval, _time);
                if (answer.Catalog.Length > 0)
                {
                    _fetched = MetaCodec.ReadCatalog(answer.Catalog);
                }

                if (answer.IsComplete)
                {
                    _hasCatalog = true;
                    return;
                }
            }
            catch (Exception exception) when (exception is OrleansException or TimeoutException)
            {
                _waitsFor = $"the catalog of the silo {silo} could not be had: {exception.Message}";
            }
        }
    }

    private void ReportDifference(CatalogFamily family)
    {
        if (_compared.Add(family.Name)
            && _families.TryGetValue(family.Name, out var wish)
            && (wish.Options.Groups != family.Groups || Math.Min(wish.Options.ReplicationFactor, family.Silos.Length) != family.ReplicationFactor))
        {
            LogDiffers(
                _logger, Silo, family.Name, wish.Options.Groups, wish.Options.ReplicationFactor, family.Groups, family.ReplicationFactor);
        }
    }

    // Two silos of one cluster must never serve different births of one group (SAFETY-RULES A2).
    private async Task CheckClusterAsync(CancellationToken cancellationToken)
    {
        await RefuseCopyAsync(cancellationToken);
        await CheckBirthAsync();
        _isChecked = true;
    }

    private async Task CheckBirthAsync()
    {
        if (_genesis is not { } mine || _clerk is null)
        {
            return;
        }

        var outcome = await _clerk.AskRoundAsync();
        if (outcome.Genesis is { } theirs && !outcome.IsNew && theirs.Incarnation != mine.Incarnation)
        {
            throw new OrleansConfigurationException(
                $"The silo {Silo} belongs to the Raft cluster {mine.Incarnation}, and silos of this Orleans cluster to {theirs.Incarnation}. They hold different data under "
                + "the same names. Was RaftOptions.InitialSilos empty on one of them, or another one? Keep the directories of the one whose data counts, empty the others'.");
        }
    }
}
