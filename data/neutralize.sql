-- a copy of a database must not have letters posted a second time
UPDATE dunning_post_provider
   SET active = false;
